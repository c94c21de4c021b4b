// docs/results.md says what recipes/results says.
#include <gtest/gtest.h>

#include "apical/reproduction.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

TEST(ResultsPage, IsThatOfTheResults) {
  const fs::path source = APICAL_SOURCE;
  const std::string page = results_page(published_cells(source / "recipes"), source / "recipes/results");
  EXPECT_EQ(page, slurp(source / "docs/results.md"))
      << "Write it anew: apical reproduce --write-docs docs/results.md";
}

}  // namespace
}  // namespace apical
