// Text that is safe inside HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace apical::report {

// &, <, > and quotes as entities; control characters but the line feed as spaces (XML knows no others).
std::string escaped(std::string_view text);

}  // namespace apical::report
