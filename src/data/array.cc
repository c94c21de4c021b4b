#include "data/array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "apical/error.h"

namespace apical {
namespace {

static_assert(std::endian::native == std::endian::little,
              "files and hashes are laid out for little-endian machines");

template <class Source, class T>
std::vector<T> converted(std::span<const std::byte> raw, bool big_endian) {
  std::vector<T> values(raw.size() / sizeof(Source));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::byte bytes[sizeof(Source)];
    std::memcpy(bytes, raw.data() + i * sizeof(Source), sizeof(Source));
    if (big_endian) std::reverse(std::begin(bytes), std::end(bytes));
    Source value;
    std::memcpy(&value, bytes, sizeof(Source));
    values[i] = static_cast<T>(value);
  }
  return values;
}

}  // namespace

bool element_count(std::span<const std::size_t> shape, std::size_t* count) {
  // Below 2^48 a count times the size of an element cannot overflow either.
  constexpr std::size_t kMost = std::size_t{1} << 48;
  *count = 1;
  for (const std::size_t extent : shape) {
    if (extent != 0 && *count > kMost / extent) return false;
    *count *= extent;
  }
  return true;
}

std::string dimensions_text(std::span<const std::size_t> shape) {
  return shape.empty() ? "a single number" : fmt::format("{}", fmt::join(shape, " x "));
}

std::size_t element_bytes(Element element) {
  switch (element) {
    case Element::uint8:
    case Element::int8:
    case Element::boolean:
      return 1;
    case Element::uint16:
    case Element::int16:
      return 2;
    case Element::uint32:
    case Element::int32:
    case Element::float32:
      return 4;
    case Element::uint64:
    case Element::int64:
    case Element::float64:
      return 8;
  }
  throw InternalError("element type out of range");
}

Array decode(std::vector<std::size_t> shape, std::span<const std::byte> raw, Element element, bool big_endian,
             const std::string& where) {
  switch (element) {
    case Element::uint8:
    case Element::boolean:
      return own(std::move(shape), converted<std::uint8_t, std::uint8_t>(raw, false));
    case Element::int8:
      return own(std::move(shape), converted<std::int8_t, std::int64_t>(raw, false));
    case Element::uint16:
      return own(std::move(shape), converted<std::uint16_t, std::int64_t>(raw, big_endian));
    case Element::int16:
      return own(std::move(shape), converted<std::int16_t, std::int64_t>(raw, big_endian));
    case Element::uint32:
      return own(std::move(shape), converted<std::uint32_t, std::int64_t>(raw, big_endian));
    case Element::int32:
      return own(std::move(shape), converted<std::int32_t, std::int64_t>(raw, big_endian));
    case Element::int64:
      return own(std::move(shape), converted<std::int64_t, std::int64_t>(raw, big_endian));
    case Element::float32:
      return own(std::move(shape), converted<float, float>(raw, big_endian));
    case Element::float64:
      return own(std::move(shape), converted<double, double>(raw, big_endian));
    case Element::uint64: {
      auto values = converted<std::uint64_t, std::int64_t>(raw, big_endian);
      const auto beyond = std::find_if(values.begin(), values.end(), [](std::int64_t v) { return v < 0; });
      if (beyond != values.end()) {
        throw Error(where, fmt::format("element {} is {}, beyond the 64-bit signed integers.",
                                       beyond - values.begin(), static_cast<std::uint64_t>(*beyond)));
      }
      return own(std::move(shape), std::move(values));
    }
  }
  throw InternalError("element type out of range");
}

}  // namespace apical
