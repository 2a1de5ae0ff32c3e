// Preserved edits: the nearest ones constrain a later update, and no others' keys are computed.
#include "edit/write/preserved_edits.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <vector>

#include "unit/edit/random_matrix.h"

namespace mobiedit {
namespace {

constexpr std::size_t key_length = 16;
constexpr double ridge = 0.05;

// S is the identity; edit i has one key, column i, and is known by its only token.
class KeptEditsTest : public ::testing::Test {
 protected:
  PreservedEdits made(std::size_t most) const {
    PreservedEdits kept(ridge, most);
    for (int i = 0; i < keys_.cols(); ++i) {
      ContextSet contexts;
      contexts.target = {i};
      std::vector<float> right = key(i);
      if (i == 0) {
        for (float& x : right) x *= 100;
      }
      kept.add(contexts, right);
    }
    return kept;
  }
  std::vector<float> key(int i) const { return {keys_.col(i).data(), keys_.col(i).data() + key_length}; }
  std::vector<float> off(PreservedEdits& kept, const std::vector<float>& of) {
    std::vector<float> solved = of;
    kept.constrain(of, solved, key_length,
                   {[this](const ContextSet& contexts) {
                      asked_.push_back(contexts.target.front());
                      return key(contexts.target.front());
                    },
                    [](const std::vector<float>& x) { return x; }});
    return solved;
  }
  std::vector<float> off_these(std::initializer_list<int> edits, const std::vector<float>& of) const {
    PreservedKeys kept(ridge);
    for (const int i : edits) kept.add(key(i), key(i), key_length);
    std::vector<float> solved = of;
    kept.constrain(of, solved, key_length);
    return solved;
  }

  const Eigen::MatrixXf keys_ = random_matrix(key_length, 6, 1);
  std::vector<int> asked_;
};

TEST_F(KeptEditsTest, AFewAreAllCounted) {
  PreservedEdits kept = made(6);
  const Eigen::MatrixXf x = random_matrix(key_length, 1, 2);
  const std::vector<float> of(x.data(), x.data() + key_length);
  EXPECT_EQ(off(kept, of), off_these({0, 1, 2, 3, 4, 5}, of));
  EXPECT_EQ(off(kept, of), off_these({0, 1, 2, 3, 4, 5}, of));
  EXPECT_EQ(asked_, (std::vector<int>{0, 1, 2, 3, 4, 5}));  // once each
}

TEST_F(KeptEditsTest, OfManyTheNearestAreCounted) {
  PreservedEdits kept = made(2);
  // Between 1 and 4; that the update of 0 reads along a longer direction makes it no nearer.
  std::vector<float> of(key_length);
  for (std::size_t c = 0; c < key_length; ++c)
    of[c] = keys_(static_cast<Eigen::Index>(c), 1) / keys_.col(1).norm() +
            keys_(static_cast<Eigen::Index>(c), 4) / keys_.col(4).norm();
  EXPECT_EQ(off(kept, of), off_these({1, 4}, of));
  EXPECT_EQ(asked_, (std::vector<int>{1, 4}));
  off(kept, of);
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(KeptEditsTest, NoneMayBeCounted) {
  PreservedEdits kept = made(0);
  const std::vector<float> of = key(3);
  EXPECT_EQ(off(kept, of), of);
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace mobiedit
