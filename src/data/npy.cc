#include "data/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "apical/error.h"
#include "data/files.h"

namespace apical {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct NamedElement {
  std::string_view code;
  Element element;
};
constexpr NamedElement kElements[] = {
    {"b1", Element::boolean}, {"u1", Element::uint8},   {"i1", Element::int8},   {"u2", Element::uint16},
    {"i2", Element::int16},   {"u4", Element::uint32},  {"i4", Element::int32},  {"u8", Element::uint64},
    {"i8", Element::int64},   {"f4", Element::float32}, {"f8", Element::float64}};

// The value after 'key': in the header's Python dictionary, up to `closing`.
std::string_view value_of(std::string_view header, std::string_view key, std::string_view closing,
                          const std::string& where) {
  const std::size_t at = header.find(fmt::format("'{}':", key));
  const std::size_t start =
      at == std::string_view::npos ? at : header.find_first_not_of(' ', at + key.size() + 3);
  const std::size_t end = start == std::string_view::npos ? start : header.find_first_of(closing, start + 1);
  if (end == std::string_view::npos) throw Error(where, fmt::format("has no '{}' in its NPY header.", key));
  return header.substr(start, end - start);
}

std::vector<std::size_t> parse_shape(std::string_view text, const std::string& where) {
  std::vector<std::size_t> shape;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (;;) {
    while (at != end && (*at == '(' || *at == ',' || *at == ' ')) ++at;
    if (at == end) return shape;
    std::size_t extent = 0;
    const auto [next, code] = std::from_chars(at, end, extent);
    if (code != std::errc())
      throw Error(where, fmt::format("has the malformed shape '{})' in its NPY header.", text));
    shape.push_back(extent);
    at = next;
  }
}

}  // namespace

Array parse_npy(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) {
    throw Error(where, fmt::format("is no NPY file: it starts with 0x{:02x}, expected 0x{:02x}.",
                                   fmt::join(text.substr(0, kMagic.size()), ""), fmt::join(kMagic, "")));
  }
  // Version 1 has a header length of 16 bits, versions 2 and 3 of 32.
  const std::size_t version = text.size() > 6 ? static_cast<unsigned char>(text[6]) : 0;
  const std::size_t length_bytes = version == 1 ? 2 : 4, start = 8 + length_bytes;
  if (text.size() < start) throw Error(where, "is truncated inside its NPY header.");
  if (version < 1 || version > 3) {
    throw Error(where, fmt::format("has NPY format version {}; versions 1, 2 and 3 can be read.", version));
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length |= std::to_integer<std::size_t>(bytes[8 + i]) << (8 * i);
  if (text.size() - start < length) throw Error(where, "is truncated inside its NPY header.");
  const std::string_view header = text.substr(start, length);

  const std::string_view descr = value_of(header, "descr", ",}", where);
  const bool quoted = descr.size() == 5 && descr.front() == '\'' && descr.back() == '\'';
  const auto* const named =
      std::find_if(std::begin(kElements), std::end(kElements),
                   [&](const NamedElement& e) { return quoted && e.code == descr.substr(2, 2); });
  if (named == std::end(kElements) || std::string_view("<>|=").find(descr[1]) == std::string_view::npos) {
    throw Error(
        where,
        fmt::format("has the element type {}; booleans, integers, float32 and float64 can be read.", descr),
        "Convert it with numpy's astype.");
  }
  auto shape = parse_shape(value_of(header, "shape", ")", where), where);
  if (value_of(header, "fortran_order", ",}", where) == "True" && shape.size() > 1) {
    throw Error(where, "is in Fortran order; C order (row-major) is needed.",
                "Save numpy.ascontiguousarray of it.");
  }

  std::size_t count = 0;
  if (!element_count(shape, &count)) {
    throw Error(where, fmt::format("announces {} elements, which no file can hold.", dimensions_text(shape)));
  }
  const auto body = bytes.subspan(start + length);
  const std::size_t needed = count * element_bytes(named->element);
  if (body.size() != needed) {
    throw Error(where,
                fmt::format("{}: {} elements of {} bytes need {} bytes after the header, but there are {}.",
                            body.size() < needed ? "is truncated" : "has trailing bytes",
                            dimensions_text(shape), element_bytes(named->element), needed, body.size()));
  }
  return decode(std::move(shape), body, named->element, descr[1] == '>', where);
}

Array read_npy(const std::filesystem::path& file) { return parse_npy(map_file(file).bytes, file.string()); }

}  // namespace apical
