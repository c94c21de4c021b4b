// What every reader of a file of numbers returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace apical {

// A dense array, row-major. Bytes stay bytes (and may be mapped); wider integers become int64.
struct Array {
  std::vector<std::size_t> shape;
  std::variant<std::span<const std::uint8_t>, std::span<const float>, std::span<const double>,
               std::span<const std::int64_t>>
      values;
  std::shared_ptr<const void> owner;

  std::size_t samples() const { return shape.empty() ? 0 : shape[0]; }
};

// The product of the extents; false if it does not fit.
bool element_count(std::span<const std::size_t> shape, std::size_t* count);

// "60000 x 28 x 28", for messages.
std::string dimensions_text(std::span<const std::size_t> shape);

// An array that owns its values.
template <class T>
Array own(std::vector<std::size_t> shape, std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  return {std::move(shape), std::span<const T>(*owner), owner};
}

// How the elements of a file are written.
enum class Element { uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64, boolean };
std::size_t element_bytes(Element element);

// Turns raw elements (as many as the shape says) into an Array. Throws Error at `where` for an integer beyond
// int64.
Array decode(std::vector<std::size_t> shape, std::span<const std::byte> raw, Element element, bool big_endian,
             const std::string& where);

}  // namespace apical
