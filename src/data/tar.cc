#include "data/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "apical/error.h"

namespace apical {
namespace {

// A header: name at 0, size at 124, checksum at 148, type at 156, format at 257, prefix of the name at 345
// (POSIX format only).
constexpr std::size_t kBlock = 512;
using Block = std::array<std::byte, kBlock>;

std::string_view field(const Block& block, std::size_t offset, std::size_t length) {
  const std::string_view text(reinterpret_cast<const char*>(block.data()) + offset, length);
  return text.substr(0, text.find('\0'));
}

std::optional<std::size_t> octal(std::string_view text) {
  std::size_t value = 0;
  bool any = false;
  for (const char c : text) {
    if (c == ' ' && !any) continue;
    if (c == ' ') break;
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<std::size_t>(c - '0');
    any = true;
  }
  return any ? std::optional(value) : std::nullopt;
}

// The sum of the header's bytes, its own field counted as blanks.
bool sum_holds(const Block& block) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= 148 && i < 156 ? 32 : std::to_integer<std::size_t>(block[i]);
  return octal(field(block, 148, 8)) == sum;
}

}  // namespace

void read_tar(const ByteSource& archive, const std::string& where,
              const std::function<void(const std::string& name, const ByteSource& content)>& visit) {
  Block block;
  while (archive(block) == kBlock) {
    if (std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; })) return;
    const auto size = octal(field(block, 124, 12));
    if (!sum_holds(block) || !size) throw Error(where, "is damaged: a tar header has the wrong checksum.");
    const bool posix = field(block, 257, 6) == "ustar";
    const std::string_view prefix = posix ? field(block, 345, 155) : "";
    const std::string name =
        (prefix.empty() ? "" : std::string(prefix) + "/") + std::string(field(block, 0, 100));

    std::size_t left = *size;
    const ByteSource content = [&](std::span<std::byte> out) {
      const std::size_t wanted = std::min(left, out.size());
      if (archive(out.first(wanted)) < wanted)
        throw Error(where, fmt::format("is truncated inside {}.", name));
      left -= wanted;
      return wanted;
    };
    const char type = static_cast<char>(block[156]);
    if (type == '0' || type == '\0') visit(name, content);
    // The rest of the file and the padding to whole blocks.
    Block rest;
    while (content(rest) > 0) {
    }
    const std::size_t padding = (kBlock - *size % kBlock) % kBlock;
    if (archive(std::span(rest).first(padding)) < padding)
      throw Error(where, fmt::format("is truncated after {}.", name));
  }
  throw Error(where, "is truncated: the end mark of the tar archive is missing.");
}

}  // namespace apical
