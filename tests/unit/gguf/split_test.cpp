// Split models: opened as one file, and each way in which a piece can be wrong.
#include <gtest/gtest.h>

#include <algorithm>

#include "mobiedit/gguf/file.h"
#include "sample_file.h"
#include "unit/split_file.h"
#include "unit/temporary_folder.h"

namespace mobiedit::gguf {
namespace {

using test::piece_path;
using test::write_piece;

/// Three tensors, one per piece.
class Split : public ::testing::Test {
 protected:
  Split() : whole(File::open(folder.write("whole.gguf", testing::good_sample().bytes())).value()) {
    EXPECT_TRUE(test::write_split(stem, whole, 3));
  }

  [[nodiscard]] std::filesystem::path piece(std::uint64_t number) const { return piece_path(stem, number, 3); }

  /// The error of opening the first piece.
  [[nodiscard]] Error error() const {
    const auto file = File::open(piece(0));
    EXPECT_FALSE(file);
    return file ? Error{} : file.error();
  }

  void expect_error(ErrorCode code, const std::filesystem::path& where, const std::string& what) const {
    const Error found = error();
    EXPECT_EQ(found.code, code);
    EXPECT_EQ(found.where, where.string());
    EXPECT_NE(found.what.find(what), std::string::npos) << found.message();
  }

  const TemporaryFolder folder;
  const std::filesystem::path stem = folder.path() / "model";
  const File whole;
};

TEST_F(Split, ReadsAsTheWholeFile) {
  const auto file = File::open(piece(0));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->pieces(), 3u);
  EXPECT_EQ(file->path(2), piece(2));
  ASSERT_EQ(file->metadata().size(), whole.metadata().size()) << "the keys of the split are no keys of the model";
  for (const Entry& entry : whole.metadata()) {
    const Entry* found = file->find(entry.key);
    ASSERT_NE(found, nullptr) << entry.key;
    EXPECT_EQ(found->value, entry.value) << entry.key;
  }
  ASSERT_EQ(file->tensors().size(), 3u);
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const TensorInfo& tensor = whole.tensors()[i];
    const TensorInfo* found = file->find_tensor(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->piece, i);
    EXPECT_EQ(found->shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(file->data(*found), whole.data(tensor))) << tensor.name;
    file->release_pages(*found);
    EXPECT_TRUE(std::ranges::equal(file->data(*found), whole.data(tensor))) << "pages come back";
    bytes += file->bytes(i).size();
  }
  EXPECT_EQ(file->size(), bytes);
}

TEST_F(Split, KnowsItsOwnPiecesByAnyName) {
  const auto file = File::open(piece(0));
  ASSERT_TRUE(file);
  std::filesystem::create_symlink(piece(2), folder.path() / "link");
  EXPECT_TRUE(file->is_at(piece(1)).value());
  EXPECT_TRUE(file->is_at(folder.path() / "link").value());
  EXPECT_FALSE(file->is_at(folder.path() / "whole.gguf").value());
  EXPECT_FALSE(file->is_at(folder.path() / "absent").value());
}

TEST_F(Split, NoticesThatAPieceWasReplaced) {
  const auto file = File::open(piece(0));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->unchanged());
  std::filesystem::copy_file(piece(1), folder.path() / "copy");
  std::filesystem::rename(folder.path() / "copy", piece(1));
  EXPECT_FALSE(file->unchanged());
}

TEST_F(Split, OnePieceIsAWholeModel) {
  ASSERT_TRUE(write_piece(folder.path() / "one.gguf", whole, {0, 1, 3}, 0, 3));
  const auto file = File::open(folder.path() / "one.gguf");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->pieces(), 1u);
}

TEST_F(Split, ALaterPieceIsRefusedAndNamesTheFirst) {
  const auto file = File::open(piece(1));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::bad_model);
  EXPECT_NE(file.error().what.find("piece 2 of 3"), std::string::npos) << file.error().message();
  EXPECT_NE(file.error().hint.find(piece(0).string()), std::string::npos) << file.error().message();
}

TEST_F(Split, AMissingPieceIsNamed) {
  std::filesystem::remove(piece(2));
  expect_error(ErrorCode::io, piece(2), "piece 3 of 3");
}

TEST_F(Split, ACutOffPieceIsNamed) {
  std::filesystem::resize_file(piece(2), std::filesystem::file_size(piece(2)) - 64);
  expect_error(ErrorCode::bad_model, piece(2), "reaches beyond the end of the file");
}

TEST_F(Split, AWrongPieceIsNamed) {
  std::filesystem::copy_file(piece(1), piece(2), std::filesystem::copy_options::overwrite_existing);
  expect_error(ErrorCode::bad_model, piece(2), "is piece 2 of 3 by its keys; expected piece 3 of 3");
}

TEST_F(Split, APieceOfASplitIntoAnotherNumberIsNamed) {
  ASSERT_TRUE(write_piece(piece(2), whole, {2, 4, 3}, 2, 3));
  expect_error(ErrorCode::bad_model, piece(2), "is piece 3 of 4 by its keys");
}

TEST_F(Split, AWholeFileInPlaceOfAPieceIsNamed) {
  ASSERT_TRUE(write_piece(piece(1), whole, {1, 3, 3, false}, 1, 2));
  expect_error(ErrorCode::bad_model, piece(1), "is no piece of a split model");
}

TEST_F(Split, APieceOfAnotherModelIsNoticed) {
  ASSERT_TRUE(write_piece(piece(2), whole, {2, 3, 9}, 2, 3));
  expect_error(ErrorCode::bad_model, piece(2), "another model");
  ASSERT_TRUE(write_piece(piece(2), whole, {2, 3, 3}, 1, 2));
  expect_error(ErrorCode::bad_model, piece(0), "is in two pieces");
  ASSERT_TRUE(write_piece(piece(2), whole, {2, 3, 3}, 2, 2));
  expect_error(ErrorCode::bad_model, piece(0), "hold 2 tensors; expected 3");
}

TEST_F(Split, ANameThatDoesNotTellTheOthersIsRefused) {
  std::filesystem::rename(piece(0), folder.path() / "renamed.gguf");
  const auto file = File::open(folder.path() / "renamed.gguf");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().what.find("-00001-of-00003.gguf"), std::string::npos) << file.error().message();
}

TEST_F(Split, HostileNumbersAreRefused) {
  for (const test::PieceKeys keys : {test::PieceKeys{5, 3, 3}, {0, 1ull << 60, 3}, {1ull << 60, 1ull << 61, 3}}) {
    testing::SampleFile sample = testing::good_sample();
    const auto path = folder.path() / "hostile.gguf";
    sample.entries.push_back(testing::entry("split.no", 10, testing::Bytes().u64(keys.number)));
    sample.entries.push_back(testing::entry("split.count", 10, testing::Bytes().u64(keys.count)));
    const auto file = File::open(folder.write("hostile.gguf", sample.bytes()));
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().code, ErrorCode::bad_model);
  }
}

}  // namespace
}  // namespace mobiedit::gguf
