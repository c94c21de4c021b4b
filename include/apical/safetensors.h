// Named arrays in safetensors files: an 8-byte little-endian header length, a JSON header, then the raw
// numbers. Format: https://github.com/huggingface/safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "apical/error.h"

namespace apical {

enum class Dtype { f32, f64, u8, i32, i64, u64 };

// "F32", "U64": the format's names.
const std::string& to_string(Dtype dtype);
std::size_t size_of(Dtype dtype);

template <class T>
constexpr Dtype dtype_of();
template <>
constexpr Dtype dtype_of<float>() {
  return Dtype::f32;
}
template <>
constexpr Dtype dtype_of<double>() {
  return Dtype::f64;
}
template <>
constexpr Dtype dtype_of<std::uint8_t>() {
  return Dtype::u8;
}
template <>
constexpr Dtype dtype_of<std::int32_t>() {
  return Dtype::i32;
}
template <>
constexpr Dtype dtype_of<std::int64_t>() {
  return Dtype::i64;
}
template <>
constexpr Dtype dtype_of<std::uint64_t>() {
  return Dtype::u64;
}

// An array with a name; row-major. An empty shape is a single number.
struct NamedTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::size_t> shape;
  std::vector<std::byte> bytes;  // product of shape × size_of(dtype)

  // A copy of `values`, whose count has to be the product of `shape`.
  template <class T>
  static NamedTensor of(std::string name, std::vector<std::size_t> shape, std::span<const T> values) {
    NamedTensor tensor{std::move(name), dtype_of<T>(), std::move(shape), {}};
    const auto raw = std::as_bytes(values);
    tensor.bytes.assign(raw.begin(), raw.end());
    tensor.require_consistent();
    return tensor;
  }

  // The numbers; reading them as another type is a bug of ours (Checkpoint::require_tensor checks what a file
  // holds).
  template <class T>
  std::span<const T> as() const {
    if (dtype_of<T>() != dtype) throw InternalError("tensor '" + name + "' was read as another type");
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  bool operator==(const NamedTensor&) const = default;

 private:
  void require_consistent() const;
};

// "[256, 784]"
std::string shape_text(std::span<const std::size_t> shape);

struct TensorFile {
  std::vector<NamedTensor> tensors;             // in the order of their data
  std::map<std::string, std::string> metadata;  // the header's __metadata__
};

// Atomic: whatever happens, `path` holds the old file or the new one. Throws Error if it cannot be written,
// if two tensors have one name or if a name is not UTF-8.
void write_tensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                   const std::map<std::string, std::string>& metadata);
void write_tensors(const std::filesystem::path& path, std::span<const NamedTensor* const> tensors,
                   const std::map<std::string, std::string>& metadata);

// Throws Error that says what is wrong with the file: too short, header over 100 MB or not JSON, an unknown
// type, sizes that do not match the shapes, overlapping or missing bytes, bytes left over.
TensorFile read_tensors(const std::filesystem::path& path);

}  // namespace apical
