#include "data/idx.h"

#include <fmt/format.h>

#include <optional>

#include "apical/error.h"
#include "data/files.h"

namespace apical {
namespace {

constexpr std::size_t kMagicBytes = 4, kExtentBytes = 4;

std::uint32_t big_endian_32(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

std::optional<Element> element_of(std::uint32_t magic) {
  switch (magic >> 8) {
    case 0x08:
      return Element::uint8;
    case 0x09:
      return Element::int8;
    case 0x0b:
      return Element::int16;
    case 0x0c:
      return Element::int32;
    case 0x0d:
      return Element::float32;
    case 0x0e:
      return Element::float64;
    default:
      return std::nullopt;  // also where the upper two bytes are not zero
  }
}

std::string_view meaning(std::uint32_t magic) {
  if (magic == kIdxImages) return " (images: bytes in 3 dimensions)";
  return magic == kIdxLabels ? " (labels: bytes in 1 dimension)" : "";
}

struct Header {
  Element element;
  std::vector<std::size_t> shape;
  std::size_t count = 0;  // elements

  std::size_t bytes() const { return kMagicBytes + kExtentBytes * shape.size(); }
  std::size_t body() const { return count * element_bytes(element); }
};

// Reads magic number and extents from the source.
Header read_header(const ByteSource& source, std::uint32_t expected_magic, const std::string& where) {
  const auto magic_bytes = read_up_to(source, kMagicBytes);
  if (magic_bytes.size() < kMagicBytes) {
    throw Error(where, fmt::format("is truncated: it has {} bytes, the magic number of an IDX file needs 4.",
                                   magic_bytes.size()));
  }
  const std::uint32_t magic = big_endian_32(magic_bytes);
  if (expected_magic != 0 && magic != expected_magic) {
    throw Error(where, fmt::format("has the wrong magic number: got 0x{:08x}{}, expected 0x{:08x}{}.", magic,
                                   meaning(magic), expected_magic, meaning(expected_magic)));
  }
  const auto element = element_of(magic);
  const std::size_t dimensions = magic & 0xff;
  if (!element || dimensions == 0) {
    throw Error(
        where,
        fmt::format(
            "has the wrong magic number: got 0x{:08x}, expected 0x0000TTDD with the element type TT one "
            "of 08, 09, 0b, 0c, 0d, 0e and at least one dimension DD.",
            magic));
  }
  const auto extents = read_up_to(source, kExtentBytes * dimensions);
  if (extents.size() < kExtentBytes * dimensions) {
    throw Error(where,
                fmt::format("is truncated: its header announces {} dimensions, but ends after {} bytes.",
                            dimensions, kMagicBytes + extents.size()));
  }
  Header header{*element, {}};
  for (std::size_t d = 0; d < dimensions; ++d) {
    header.shape.push_back(big_endian_32(std::span(extents).subspan(kExtentBytes * d)));
  }
  if (!element_count(header.shape, &header.count)) {
    throw Error(where,
                fmt::format("announces {} elements, which no file can hold.", dimensions_text(header.shape)));
  }
  return header;
}

void require_size(const Header& header, std::size_t body, bool more, const std::string& where) {
  const std::string needs =
      fmt::format("{} elements of {} bytes need {} bytes with the header", dimensions_text(header.shape),
                  element_bytes(header.element), header.bytes() + header.body());
  if (body < header.body()) {
    throw Error(where, fmt::format("is truncated: {}, but there are {}.", needs, header.bytes() + body),
                "Fetch the file again.");
  }
  if (more) throw Error(where, fmt::format("has trailing bytes: {}, but there are more.", needs));
}

}  // namespace

Array read_idx(const std::filesystem::path& file, std::uint32_t expected_magic) {
  const std::string where = file.string();
  const SharedBytes mapped = map_file(file);
  const bool packed = is_gzip(mapped.bytes);
  const ByteSource source = packed ? gunzip_source(mapped.bytes, where) : plain_source(mapped.bytes);
  Header header = read_header(source, expected_magic, where);

  if (!packed) {
    const auto body = mapped.bytes.subspan(header.bytes());
    require_size(header, body.size(), body.size() > header.body(), where);
    if (header.element == Element::uint8) {
      return {header.shape, std::span(reinterpret_cast<const std::uint8_t*>(body.data()), body.size()),
              mapped.owner};
    }
    return decode(header.shape, body, header.element, true, where);
  }
  auto body = read_up_to(source, header.body());
  std::byte spare[1];
  require_size(header, body.size(), body.size() == header.body() && source(spare) == 1, where);
  if (header.element == Element::uint8) {
    auto owner = std::make_shared<const std::vector<std::byte>>(std::move(body));
    return {header.shape, std::span(reinterpret_cast<const std::uint8_t*>(owner->data()), owner->size()),
            owner};
  }
  return decode(header.shape, body, header.element, true, where);
}

std::vector<std::byte> idx_header(std::span<const std::size_t> shape) {
  std::vector<std::byte> header;
  const auto append = [&](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
      header.push_back(static_cast<std::byte>(value >> shift & 0xff));
  };
  append(0x0800U + static_cast<std::uint32_t>(shape.size()));
  for (const std::size_t extent : shape) append(static_cast<std::uint32_t>(extent));
  return header;
}

}  // namespace apical
