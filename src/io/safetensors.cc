#include "apical/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "apical/atomic_file.h"
#include "io/posix.h"

namespace apical {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr std::uint64_t kMostHeader = 100'000'000;
constexpr std::size_t kAlignment = 8;

const std::array<std::string, 6> kNames = {"F32", "F64", "U8", "I32", "I64", "U64"};
const std::array<std::size_t, 6> kSizes = {4, 8, 1, 4, 8, 8};

// The bytes that a shape needs, or nothing if the count does not fit in 64 bits.
std::optional<std::uint64_t> bytes_needed(std::span<const std::size_t> shape, Dtype dtype) {
  std::uint64_t bytes = size_of(dtype);
  for (const std::size_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

// Wide types first, so that every array starts at a multiple of its own size; then by name.
std::vector<const NamedTensor*> in_file_order(std::span<const NamedTensor* const> tensors) {
  std::vector<const NamedTensor*> order(tensors.begin(), tensors.end());
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return std::pair(size_of(b->dtype), a->name) < std::pair(size_of(a->dtype), b->name);
  });
  return order;
}

std::string header_of(const std::filesystem::path& path, std::span<const NamedTensor* const> order,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const NamedTensor* tensor : order) {
    if (tensor->name == "__metadata__" || header.contains(tensor->name)) {
      throw Error(path.string(), fmt::format("cannot hold two entries named '{}'.", tensor->name));
    }
    if (bytes_needed(tensor->shape, tensor->dtype) != tensor->bytes.size()) {
      throw InternalError(fmt::format("tensor '{}' has {} bytes, which is not its shape {}", tensor->name,
                                      tensor->bytes.size(), shape_text(tensor->shape)));
    }
    const std::uint64_t end = offset + tensor->bytes.size();
    header[tensor->name] = {
        {"dtype", to_string(tensor->dtype)}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception&) {
    throw Error(path.string(), "cannot hold a name or a text that is not UTF-8.");
  }
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  if (text.size() > kMostHeader) throw Error(path.string(), "the header would be larger than 100 MB.");
  return text;
}

// A file being read: every mistake in it is reported under its name.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts {};
    if (!file_.open() || ::fstat(file_.get(), &facts) != 0) throw file_error(path, "cannot be read", errno);
    if (!S_ISREG(facts.st_mode)) throw Error(path.string(), "cannot be read: it is not a regular file.");
    size_ = static_cast<std::uint64_t>(facts.st_size);
  }

  TensorFile read() {
    const Json header = read_header();
    TensorFile out;
    std::vector<Piece> found;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        out.metadata = read_metadata(entry);
      } else {
        found.push_back(read_entry(name, entry));
      }
    }
    // The pieces have to lie end to end: no gap, no overlap, nothing after the last.
    std::stable_sort(found.begin(), found.end(), [](const Piece& a, const Piece& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t end = 0;
    for (const auto& piece : found) {
      if (piece.begin < end) fail(fmt::format("tensor '{}' overlaps the one before it.", piece.tensor.name));
      if (piece.begin > end) {
        fail(fmt::format("there are {} unused bytes before tensor '{}'.", piece.begin - end,
                         piece.tensor.name));
      }
      end = piece.end;
    }
    if (end != size_ - data_)
      fail(fmt::format("there are {} bytes after the last tensor.", size_ - data_ - end));
    // Memory is taken only now, when the pieces are known to add up to the file.
    for (auto& piece : found) {
      piece.tensor.bytes.resize(piece.end - piece.begin);
      read_at(data_ + piece.begin, piece.tensor.bytes.data(), piece.tensor.bytes.size());
      out.tensors.push_back(std::move(piece.tensor));
    }
    return out;
  }

 private:
  struct Piece {
    std::uint64_t begin, end;  // bytes of the data
    NamedTensor tensor;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(path_.string(), "is not a whole safetensors file: " + what,
                "Restore it from a copy, or use another checkpoint.");
  }

  void read_at(std::uint64_t offset, void* into, std::size_t count) const {
    auto* out = static_cast<std::byte*>(into);
    while (count > 0) {
      const ssize_t got = ::pread(file_.get(), out, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw file_error(path_, "cannot be read", errno);
      if (got == 0) fail("it became shorter while it was read.");
      out += got;
      offset += static_cast<std::uint64_t>(got);
      count -= static_cast<std::size_t>(got);
    }
  }

  Json read_header() {
    std::uint64_t length = 0;
    if (size_ < sizeof length)
      fail(fmt::format("it has {} bytes, fewer than the 8 of the header's length.", size_));
    read_at(0, &length, sizeof length);
    if (length > kMostHeader) fail(fmt::format("the header claims {} bytes, more than 100 MB.", length));
    if (length > size_ - sizeof length) {
      fail(fmt::format("the header claims {} bytes, but only {} follow.", length, size_ - sizeof length));
    }
    data_ = sizeof length + length;
    std::string text(length, '\0');
    read_at(sizeof length, text.data(), text.size());
    return parse(text);
  }

  // JSON that says a key twice is refused: two readers could see two different files.
  Json parse(const std::string& text) const {
    std::vector<std::set<std::string>> keys;
    const auto watch = [&](int, Json::parse_event_t event, Json& part) {
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key && !keys.back().insert(part.get<std::string>()).second) {
        fail(fmt::format("the header names '{}' twice.", part.get<std::string>()));
      }
      return true;
    };
    Json header;
    try {
      header = Json::parse(text, watch);
    } catch (const Json::exception&) {
      fail("the header is not valid JSON.");
    }
    if (!header.is_object()) fail("the header is not a JSON object.");
    return header;
  }

  std::map<std::string, std::string> read_metadata(const Json& entry) const {
    std::map<std::string, std::string> metadata;
    if (!entry.is_object()) fail("__metadata__ is not an object.");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail(fmt::format("the metadata '{}' is not text.", key));
      metadata[key] = value.get<std::string>();
    }
    return metadata;
  }

  std::vector<std::uint64_t> read_numbers(const std::string& name, const Json& entry, const char* key) const {
    const bool there = entry.is_object() && entry.contains(key) && entry[key].is_array();
    const auto whole = [](const Json& number) { return number.is_number_unsigned(); };
    if (!there || !std::all_of(entry[key].begin(), entry[key].end(), whole)) {
      fail(fmt::format("tensor '{}' has no list of whole numbers '{}'.", name, key));
    }
    return entry[key].get<std::vector<std::uint64_t>>();
  }

  Piece read_entry(const std::string& name, const Json& entry) const {
    const auto shape = read_numbers(name, entry, "shape");
    const auto offsets = read_numbers(name, entry, "data_offsets");
    const std::string type =
        entry.contains("dtype") && entry["dtype"].is_string() ? entry["dtype"].get<std::string>() : "";
    const auto known = std::find(kNames.begin(), kNames.end(), type);
    if (known == kNames.end()) {
      throw Error(path_.string(),
                  fmt::format("tensor '{}' has the type '{}', which is not read here.", name, type),
                  fmt::format("Types that are: {}.", fmt::join(kNames, ", ")));
    }
    NamedTensor tensor{name, static_cast<Dtype>(known - kNames.begin()), {shape.begin(), shape.end()}, {}};
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      fail(fmt::format("tensor '{}' has no valid data_offsets.", name));
    if (offsets[1] > size_ - data_) {
      fail(fmt::format("tensor '{}' ends at byte {} of the data, but there are only {}.", name, offsets[1],
                       size_ - data_));
    }
    if (bytes_needed(tensor.shape, tensor.dtype) != offsets[1] - offsets[0]) {
      fail(fmt::format("tensor '{}' has {} bytes, which is not {} of shape {}.", name,
                       offsets[1] - offsets[0], type, shape_text(tensor.shape)));
    }
    return {offsets[0], offsets[1], std::move(tensor)};
  }

  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t size_ = 0, data_ = 0;
};

}  // namespace

const std::string& to_string(Dtype dtype) { return kNames[static_cast<std::size_t>(dtype)]; }
std::size_t size_of(Dtype dtype) { return kSizes[static_cast<std::size_t>(dtype)]; }
std::string shape_text(std::span<const std::size_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void NamedTensor::require_consistent() const {
  if (bytes_needed(shape, dtype) != bytes.size()) {
    throw InternalError(
        fmt::format("tensor '{}' got {} bytes for shape {}", name, bytes.size(), shape_text(shape)));
  }
}

void write_tensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::vector<const NamedTensor*> pointers;
  for (const auto& tensor : tensors) pointers.push_back(&tensor);
  write_tensors(path, pointers, metadata);
}

void write_tensors(const std::filesystem::path& path, std::span<const NamedTensor* const> tensors,
                   const std::map<std::string, std::string>& metadata) {
  const auto order = in_file_order(tensors);
  const std::string header = header_of(path, order, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const NamedTensor* tensor : order) file.write(tensor->bytes);
  file.commit();
}

TensorFile read_tensors(const std::filesystem::path& path) { return Reader(path).read(); }

}  // namespace apical
