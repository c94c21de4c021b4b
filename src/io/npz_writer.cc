#include "apical/npz_writer.h"

#include <fmt/format.h>
#include <zip.h>

#include "apical/error.h"

namespace apical {
namespace {

// Version 1.0 header of NumPy's format: magic, length, a Python literal padded so that the data begins at a multiple of 64.
std::string npy_header(const std::vector<std::size_t>& shape, const char* type) {
  std::string dimensions;
  for (const std::size_t n : shape) dimensions += fmt::format("{}, ", n);
  if (shape.size() > 1) dimensions.resize(dimensions.size() - 2);
  std::string words =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, dimensions);
  const std::size_t before = 10;
  const std::size_t padding = 63 - (before + words.size()) % 64;
  words += std::string(padding, ' ') + "\n";
  std::string header = "\x93NUMPY";
  header += '\x01';
  header += '\0';
  header += static_cast<char>(words.size() & 0xff);
  header += static_cast<char>(words.size() >> 8);
  return header + words;
}

}  // namespace

void NpzWriter::add_raw(const std::string& name, const std::vector<std::size_t>& shape, const char* type,
                        std::size_t size, std::span<const std::byte> bytes) {
  std::size_t count = size;
  for (const std::size_t n : shape) count *= n;
  if (count != bytes.size())
    throw InternalError(
        fmt::format("npz array '{}' has {} bytes, its shape needs {}", name, bytes.size(), count));
  std::string file = npy_header(shape, type);
  file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  entries_.push_back({name, std::move(file)});
}

void NpzWriter::add(const std::string& name, const std::vector<std::size_t>& shape,
                    std::span<const float> values) {
  add_raw(name, shape, "<f4", sizeof(float), std::as_bytes(values));
}
void NpzWriter::add(const std::string& name, const std::vector<std::size_t>& shape,
                    std::span<const double> values) {
  add_raw(name, shape, "<f8", sizeof(double), std::as_bytes(values));
}
void NpzWriter::add(const std::string& name, const std::vector<std::size_t>& shape,
                    std::span<const std::int64_t> values) {
  add_raw(name, shape, "<i8", sizeof(std::int64_t), std::as_bytes(values));
}

void NpzWriter::write(const std::filesystem::path& path) const {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  const auto fail = [&](const std::string& why) {
    if (archive != nullptr) zip_discard(archive);
    return Error(path.string(), fmt::format("the file cannot be written: {}.", why));
  };
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw fail(why);
  }
  for (const Entry& entry : entries_) {
    zip_source_t* source = zip_source_buffer(archive, entry.bytes.data(), entry.bytes.size(), 0);
    const auto index = zip_file_add(archive, (entry.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      throw fail(zip_strerror(archive));
    }
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }
  // zip_close writes to a temporary name and renames
  if (zip_close(archive) != 0) throw fail(zip_strerror(archive));
}

}  // namespace apical
