#include "data/fashion.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apical/data_split.h"
#include "apical/error.h"

namespace apical {
namespace {

using Json = nlohmann::json;

// Reads numbers as they come: a tree of the same file would take twenty times its memory.
class PictureReader final : public nlohmann::json_sax<Json> {
 public:
  PictureReader(std::size_t pixels, std::string where, std::vector<std::uint8_t>& pictures)
      : pixels_(pixels), where_(std::move(where)), pictures_(pictures) {}

  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 2 || value > 255)
      return fail(fmt::format("the number {} is no pixel (0 … 255 inside a picture)", value));
    pictures_.push_back(static_cast<std::uint8_t>(value));
    return true;
  }
  bool start_array(std::size_t) override {
    if (++depth_ > 2) return fail("arrays are nested too deep");
    start_ = pictures_.size();
    return true;
  }
  bool end_array() override {
    const std::size_t length = pictures_.size() - start_;
    if (depth_-- < 2) return true;
    if (length != 0 && length != pixels_)
      return fail(fmt::format("it has {} values, expected {}", length, pixels_));
    ++entry_;
    return true;
  }
  bool key(string_t& name) override { return name == "data" || fail(fmt::format("unknown key '{}'", name)); }
  bool start_object(std::size_t) override { return depth_ == 0 || fail("an object inside a picture"); }
  bool end_object() override { return true; }
  bool null() override { return fail("null is no pixel"); }
  bool boolean(bool) override { return fail("a boolean is no pixel"); }
  bool number_integer(number_integer_t value) override {
    return fail(fmt::format("the number {} is no pixel", value));
  }
  bool number_float(number_float_t value, const string_t&) override {
    return fail(fmt::format("the number {} is no pixel", value));
  }
  bool string(string_t&) override { return fail("a text is no pixel"); }
  bool binary(binary_t&) override { return fail("bytes are no pixel"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw Error(where_, fmt::format("is malformed JSON at byte {}.", position));
  }

 private:
  bool fail(const std::string& why) const { throw Error(where_, fmt::format("entry {}: {}.", entry_, why)); }

  std::size_t pixels_;
  std::string where_;
  std::vector<std::uint8_t>& pictures_;
  std::size_t depth_ = 0, start_ = 0, entry_ = 0;
};

}  // namespace

void append_pictures(std::span<const std::byte> json, std::size_t pixels, const std::string& where,
                     std::vector<std::uint8_t>& pictures) {
  PictureReader reader(pixels, where, pictures);
  const auto* text = reinterpret_cast<const char*>(json.data());
  Json::sax_parse(text, text + json.size(), &reader);
}

std::vector<Picture> unofficial_order(const std::vector<std::vector<std::uint8_t>>& by_class,
                                      std::size_t pixels) {
  std::vector<Picture> pictures;
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    for (std::size_t at = 0; at < by_class[c].size(); at += pixels) {
      pictures.push_back({by_class[c].data() + at, static_cast<std::uint8_t>(c)});
    }
  }
  std::vector<std::uint32_t> all(pictures.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<Picture> ordered;
  for (const std::uint32_t sample : epoch_order(all, kUnofficialSplitSeed, 0))
    ordered.push_back(pictures[sample]);
  return ordered;
}

}  // namespace apical
