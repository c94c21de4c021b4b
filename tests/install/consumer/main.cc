#include <apical/activation.h>
#include <apical/report.h>

#include <cstdio>

// Uses a compiled function of two libraries: the package carries their headers, code and dependencies.
int main() {
  apical::Table table("activations");
  table.column("name");
  for (const auto& name : apical::activation_names()) table.row({name});
  std::fputs(table.text().c_str(), stdout);
  return apical::html_report({}).empty() ? 1 : 0;
}
