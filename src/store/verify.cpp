#include "mobiedit/store/verify.h"

#include <algorithm>
#include <new>
#include <set>
#include <string_view>
#include <utility>

#include "base/fingerprint.h"
#include "base/try.h"
#include "store/provenance.h"

namespace mobiedit {
namespace {

constexpr std::string_view own_keys = "mobiedit.";

bool same_tensor(const gguf::File& a, const gguf::TensorInfo& x, const gguf::File& b, const gguf::TensorInfo& y) {
  const bool same = x.type == y.type && std::ranges::equal(a.data(x), b.data(y));
  a.release_pages(x);
  b.release_pages(y);
  return same;
}

/// Finds keys that one file lacks or that differ.
void compare_keys(const gguf::File& file, const gguf::File& base, std::vector<std::string>& faults) {
  for (const gguf::Entry& entry : base.metadata()) {
    if (entry.key.starts_with(own_keys)) continue;
    const gguf::Entry* found = file.find(entry.key);
    if (found == nullptr) faults.push_back("key " + entry.key + " is missing");
    if (found != nullptr &&
        (found->type != entry.type || found->element_type != entry.element_type || found->value != entry.value))
      faults.push_back("key " + entry.key + " is not the base's");
  }
  for (const gguf::Entry& entry : file.metadata()) {
    if (!entry.key.starts_with(own_keys) && base.find(entry.key) == nullptr)
      faults.push_back("key " + entry.key + " is not in the base");
  }
}

}  // namespace

Result<std::vector<std::string>> check_hashes(const gguf::File& file) try {
  MOBIEDIT_TRY(const auto hashes, get_hashes(file));
  std::vector<std::string> faults;
  for (const auto& [name, hash] : hashes) {
    const gguf::TensorInfo* tensor = file.find_tensor(name);
    if (tensor == nullptr) {
      faults.push_back("tensor " + name + " is missing");
    } else if (fingerprint(file.data(*tensor)) != hash) {
      faults.push_back("tensor " + name + " was changed since it was written");
    }
  }
  return faults;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to verify", file.path().string());
}

Result<Verification> compare_with_base(const gguf::File& file, const gguf::File& base,
                                       const std::string& base_fingerprint, const std::vector<EditInfo>& edits) try {
  Verification result;
  MOBIEDIT_TRY(auto hashes, check_hashes(file));
  result.faults = std::move(hashes);
  const auto provenance = get_provenance(file);
  if (!provenance) return std::unexpected(provenance.error());
  if (!provenance->base_fingerprint.empty() && provenance->base_fingerprint != base_fingerprint)
    result.faults.push_back("it was made from another base, " + provenance->base_fingerprint);
  compare_keys(file, base, result.faults);

  std::set<std::string> expected;
  for (const EditInfo& edit : edits)
    for (std::string& name : edited_tensors(edit)) expected.insert(std::move(name));
  for (const gguf::TensorInfo& tensor : base.tensors()) {
    const gguf::TensorInfo* found = file.find_tensor(tensor.name);
    if (found == nullptr || found->shape != tensor.shape) {
      result.faults.push_back("tensor " + tensor.name + " is missing or of another shape");
      continue;
    }
    if (same_tensor(file, *found, base, tensor)) continue;
    result.changed.push_back(tensor.name);
    if (!expected.contains(tensor.name))
      result.faults.push_back("tensor " + tensor.name + " is not the base's, though no edit is in it");
  }
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    if (base.find_tensor(tensor.name) == nullptr)
      result.faults.push_back("tensor " + tensor.name + " is not in the base");
  }
  return result;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to verify", file.path().string());
}

}  // namespace mobiedit
