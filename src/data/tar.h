// Reading tar archives (POSIX ustar, with pax headers skipped) as npm packs them.
#pragma once

#include <functional>
#include <string>

#include "data/files.h"

namespace apical {

// Calls visit(name, content) for every regular file in the order of the archive; content ends where the file
// ends, and what visit leaves of it is skipped. Throws Error at `where` for a damaged or truncated archive.
void read_tar(const ByteSource& archive, const std::string& where,
              const std::function<void(const std::string& name, const ByteSource& content)>& visit);

}  // namespace apical
