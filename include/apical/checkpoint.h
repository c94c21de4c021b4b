// Everything that a bit-exact resume needs, in one safetensors file: arrays by name and words by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apical/safetensors.h"

namespace apical {

// Weights, optimizer and generator state, data position, rule state that outlives a trial. Words (rule, seed,
// epoch, …) are the file's metadata.
class Checkpoint {
 public:
  Checkpoint() = default;

  // A name that is already there is a bug of ours.
  void add(NamedTensor tensor);
  void set(const std::string& key, std::string word);
  void set_whole(const std::string& key, std::int64_t value);

  bool has_tensor(std::string_view name) const;
  // The array; throws Error that names the file, the array, and expected and found type and shape (or the
  // nearest names).
  const NamedTensor& require_tensor(std::string_view name, Dtype dtype,
                                    std::span<const std::size_t> shape) const;

  bool has(std::string_view key) const;
  // The word or whole number; throws Error that names the file and the key.
  const std::string& require(std::string_view key) const;
  std::int64_t require_whole(std::string_view key) const;

  const std::map<std::string, NamedTensor, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, std::string, std::less<>>& words() const { return words_; }
  // The file that it was loaded from, or empty.
  const std::filesystem::path& path() const { return path_; }

 private:
  friend Checkpoint load_checkpoint(const std::filesystem::path& path);

  std::map<std::string, NamedTensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> words_;
  std::filesystem::path path_;
};

// Atomic: a full disk or a killed process leaves the file that was there before.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

// Throws Error if the file is damaged, no checkpoint of Apical, or of a later format.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace apical
