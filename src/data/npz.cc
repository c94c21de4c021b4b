#include <fmt/format.h>
#include <zip.h>

#include <memory>

#include "apical/error.h"
#include "data/files.h"
#include "data/npy.h"

namespace apical {
namespace {

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

std::unique_ptr<zip_t, CloseArchive> open_archive(const std::filesystem::path& file) {
  map_file(file);  // gives the better message where there is no readable file
  int code = 0;
  zip_t* archive = zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw Error(file.string(), fmt::format("is no intact NPZ (zip) archive: {}.", reason));
  }
  return std::unique_ptr<zip_t, CloseArchive>(archive);
}

std::vector<std::byte> read_entry(zip_t* archive, const std::string& name, const std::string& where) {
  const std::unique_ptr<zip_file_t, CloseEntry> entry(zip_fopen(archive, name.c_str(), 0));
  if (!entry) throw Error(where, fmt::format("cannot be unpacked: {}.", zip_strerror(archive)));
  const ByteSource source = [&](std::span<std::byte> out) {
    const zip_int64_t count = zip_fread(entry.get(), out.data(), out.size());
    if (count < 0) throw Error(where, fmt::format("is damaged: {}.", zip_file_strerror(entry.get())));
    return static_cast<std::size_t>(count);
  };
  zip_stat_t status;
  if (zip_stat(archive, name.c_str(), 0, &status) != 0) throw Error(where, "has no size.");
  auto bytes = read_up_to(source, status.size);
  // The library checks the sum when it is asked for more.
  std::byte spare[1];
  if (source(spare) != 0) throw Error(where, "is longer than its archive says.");
  if (bytes.size() != status.size) throw Error(where, "is shorter than its archive says.");
  return bytes;
}

}  // namespace

std::map<std::string, Array> read_npz(const std::filesystem::path& file, std::span<const std::string> names) {
  const auto archive = open_archive(file);
  std::map<std::string, Array> arrays;
  for (const std::string& name : names) {
    const std::string entry = name + ".npy", where = file.string() + ": " + entry;
    if (zip_name_locate(archive.get(), entry.c_str(), 0) < 0) continue;
    arrays.emplace(name, parse_npy(read_entry(archive.get(), entry, where), where));
  }
  return arrays;
}

}  // namespace apical
