#include "apical/checkpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace apical {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormat = "apical-checkpoint";
constexpr std::string_view kVersionKey = "format_version";
constexpr std::int64_t kVersion = 1;

std::string place(const std::filesystem::path& path) { return path.empty() ? "checkpoint" : path.string(); }

}  // namespace

void Checkpoint::add(NamedTensor tensor) {
  const std::string name = tensor.name;
  if (!tensors_.emplace(name, std::move(tensor)).second) {
    throw InternalError(fmt::format("the checkpoint already holds '{}'", name));
  }
}

void Checkpoint::set(const std::string& key, std::string word) { words_[key] = std::move(word); }
void Checkpoint::set_whole(const std::string& key, std::int64_t value) {
  words_[key] = std::to_string(value);
}

bool Checkpoint::has_tensor(std::string_view name) const { return tensors_.contains(name); }
bool Checkpoint::has(std::string_view key) const { return words_.contains(key); }

const NamedTensor& Checkpoint::require_tensor(std::string_view name, Dtype dtype,
                                              std::span<const std::size_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    std::vector<std::string> names;
    for (const auto& [held, tensor] : tensors_) names.push_back(held);
    const Error nearest = unknown_choice("", "tensor", name, names);
    throw Error(
        place(path_),
        fmt::format("holds no tensor '{}' ({} {} was expected).", name, to_string(dtype), shape_text(shape)),
        nearest.hint());
  }
  const NamedTensor& tensor = found->second;
  if (tensor.dtype != dtype ||
      !std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
    throw Error(place(path_),
                fmt::format("tensor '{}' must be {} {}, but the file holds {} {}.", name, to_string(dtype),
                            shape_text(shape), to_string(tensor.dtype), shape_text(tensor.shape)),
                "The checkpoint belongs to another network or precision.");
  }
  return tensor;
}

const std::string& Checkpoint::require(std::string_view key) const {
  const auto found = words_.find(key);
  if (found == words_.end()) throw Error(place(path_), fmt::format("does not say its '{}'.", key));
  return found->second;
}

std::int64_t Checkpoint::require_whole(std::string_view key) const {
  const std::string& word = require(key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) {
    throw Error(place(path_), fmt::format("'{}' must be a whole number, got '{}'.", key, word));
  }
  return value;
}

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::map<std::string, std::string> words(checkpoint.words().begin(), checkpoint.words().end());
  words[std::string(kFormatKey)] = kFormat;
  words[std::string(kVersionKey)] = std::to_string(kVersion);
  std::vector<const NamedTensor*> tensors;
  for (const auto& [name, tensor] : checkpoint.tensors()) tensors.push_back(&tensor);
  write_tensors(path, tensors, words);
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  TensorFile file = read_tensors(path);
  Checkpoint checkpoint;
  checkpoint.path_ = path;
  checkpoint.words_.insert(file.metadata.begin(), file.metadata.end());
  if (!checkpoint.has(kFormatKey) || checkpoint.require(kFormatKey) != kFormat) {
    throw Error(path.string(), "is a safetensors file, but no checkpoint of Apical.");
  }
  if (checkpoint.require_whole(kVersionKey) > kVersion) {
    throw Error(path.string(), "was written by a later version of Apical.",
                "Use that version, or a later one.");
  }
  checkpoint.words_.erase(std::string(kFormatKey));
  checkpoint.words_.erase(std::string(kVersionKey));
  for (auto& tensor : file.tensors) checkpoint.add(std::move(tensor));
  return checkpoint;
}

}  // namespace apical
