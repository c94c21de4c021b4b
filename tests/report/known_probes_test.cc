// The report says of every probe what its curve should look like.
#include "report/known_probes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "apical/probe.h"

namespace apical::report {
namespace {

TEST(KnownProbes, AreAllProbesOnce) {
  std::multiset<std::string> known, all;
  for (const KnownProbe& probe : known_probes()) known.insert(probe.name);
  for (const ProbeInfo& probe : all_probes()) all.insert(probe.name);
  EXPECT_EQ(known, all);
}

TEST(KnownProbes, HaveATitleAndASentence) {
  for (const KnownProbe& probe : known_probes()) {
    EXPECT_GT(std::string(probe.title).size(), 8u) << probe.name;
    const std::string sentence = probe.expect;
    EXPECT_GT(sentence.size(), 30u) << probe.name;
    EXPECT_TRUE(sentence.ends_with('.')) << probe.name;
  }
}

}  // namespace
}  // namespace apical::report
