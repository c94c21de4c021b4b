// One file over HTTPS, resumable.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "apical/data_catalogue.h"

namespace apical {

struct Download {
  bool done = false;
  std::string why;  // why it is not done
};

// Appends to `part` what is missing of the file at `address`; starts over if the server cannot continue. An
// interrupted transfer is resumed up to two times, a host that cannot be found or reached is given up at
// once. Only HTTPS (or what the address itself says, for a mirror of the user's) is followed. Throws Error if
// `part` cannot be written.
Download download(const std::string& address, const std::filesystem::path& part, const GetOptions& options,
                  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace apical
