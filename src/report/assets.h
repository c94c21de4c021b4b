// The style sheet and the script of the page: web/report/, embedded when the library is built.
#pragma once

namespace apical::report {

extern const char* const kStyleSheet;
extern const char* const kScript;

}  // namespace apical::report
