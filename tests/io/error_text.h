#pragma once

#include <string>

#include "apical/error.h"

namespace apical {

// The message of the Error that the call throws, or "no error".
template <class Call>
std::string error_text(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace apical
