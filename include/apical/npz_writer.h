// Arrays for NumPy: an uncompressed .npz file, written whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace apical {

class NpzWriter {
 public:
  // A copy of row-major values under a name; their count has to be the product of `shape`.
  void add(const std::string& name, const std::vector<std::size_t>& shape, std::span<const float> values);
  void add(const std::string& name, const std::vector<std::size_t>& shape, std::span<const double> values);
  void add(const std::string& name, const std::vector<std::size_t>& shape,
           std::span<const std::int64_t> values);
  // Throws Error if the file cannot be written; what was there before then stays.
  void write(const std::filesystem::path& path) const;

 private:
  struct Entry {
    std::string name;
    std::string bytes;  // a whole .npy file
  };
  void add_raw(const std::string& name, const std::vector<std::size_t>& shape, const char* type,
               std::size_t size, std::span<const std::byte> bytes);

  std::vector<Entry> entries_;
};

}  // namespace apical
