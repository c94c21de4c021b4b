#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "report/made_up_runs.h"

namespace apical {
namespace {

using Page = RunFolders;
using testing::HasSubstr;
using testing::Not;

// Element names opened and not closed, in order; whatever is closed must have been opened last.
std::vector<std::string> unbalanced(const std::string& markup) {
  static const std::set<std::string> kVoid = {"meta", "br", "!DOCTYPE", "!doctype"};
  std::vector<std::string> open;
  static const std::regex kTag(R"(<(/?)([!a-zA-Z][a-zA-Z0-9]*)((?:[^<>"]|"[^"]*")*?)(/?)>)");
  for (std::sregex_iterator tag(markup.begin(), markup.end(), kTag), end; tag != end; ++tag) {
    const std::string name = (*tag)[2];
    if (kVoid.contains(name) || (*tag)[4] == "/") continue;
    if ((*tag)[1] != "/") {
      open.push_back(name);
    } else if (!open.empty() && open.back() == name) {
      open.pop_back();
    } else {
      open.push_back("/" + name);
    }
  }
  return open;
}

std::string without_scripts(const std::string& page) {
  return page.substr(0, page.find("<script>")) + "</body></html>";
}

struct Point {
  double px, py, x, y;
};

// The points that a series of a figure was drawn through.
std::vector<Point> points_of(const std::string& svg, const std::string& label) {
  const std::regex pattern("data-label=\"" + label + "\" data-points=\"([^\"]*)\"");
  std::smatch match;
  std::vector<Point> points;
  if (!std::regex_search(svg, match, pattern)) return points;
  std::istringstream words(match[1]);
  for (std::string word; words >> word;) {
    Point p;
    if (std::sscanf(word.c_str(), "%lf,%lf,%lf,%lf", &p.px, &p.py, &p.x, &p.y) == 4) points.push_back(p);
  }
  return points;
}

const ReportFigure& figure_named(const std::vector<ReportFigure>& figures, const std::string& id) {
  const auto found = std::find_if(figures.begin(), figures.end(), [&](const auto& f) { return f.id == id; });
  if (found == figures.end()) throw std::out_of_range("no figure " + id);
  return *found;
}

TEST_F(Page, ThePageNeedsNoNetwork) {
  const std::string page = html_report(std::vector{run("dfc", 1, 0.03), run("dfc", 2, 0.05)});
  std::string rest = page;
  for (const std::string known : {"http://www.w3.org/2000/svg"}) {
    for (auto at = rest.find(known); at != std::string::npos; at = rest.find(known))
      rest.erase(at, known.size());
  }
  EXPECT_FALSE(std::regex_search(rest, std::regex(R"((https?:)?//[A-Za-z0-9])")));
  EXPECT_FALSE(std::regex_search(page, std::regex(R"(<link|@import|url\(|\ssrc=)")));
}

TEST_F(Page, ThePageHoldsTheNumbers) {
  const std::string page =
      html_report(std::vector{run("dfc", 1, 0.03, 20), run("dfc", 2, 0.05, 30), run("dfa", 1, 0.06)},
                  {.title = "A title", .what = "What was run.", .shortened = {"Fewer epochs."}});
  for (const char* part : {"<h1>A title</h1>", "What was run.", "Fewer epochs.", "4.00 ± 1.41", "25.0 ± 7.1",
                           "6.00", "512", "update locked", "digits", "abc123", "avx2", "a machine",
                           "Test error", "Angle of the update to backprop", "layer 2"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

TEST_F(Page, ThePageAndItsFiguresAreWellFormed) {
  const std::vector<RunRecord> runs = {run("dfc", 1, 0.03), run("a<b & \"c\"", 1, 0.05)};
  EXPECT_THAT(unbalanced(without_scripts(html_report(runs))), testing::IsEmpty());
  for (const auto& figure : report_figures(runs))
    EXPECT_THAT(unbalanced(figure.svg), testing::IsEmpty()) << figure.id;
}

TEST_F(Page, NamesCannotInjectMarkup) {
  auto evil = manifest("<script>alert(1)</script>", 1);
  evil["failure"] = "<img src=x>";
  evil["status"] = "failed";
  const std::vector<RunRecord> runs = {read_run_record(write("evil", evil, metrics(0.03, 20)))};
  const std::string page = html_report(runs, {.title = "<b>"});
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<h1><b>")));
}

TEST_F(Page, WithoutRunsThePageSaysWhatToDo) {
  const std::string page = html_report({});
  EXPECT_THAT(page, HasSubstr("No runs"));
  EXPECT_THAT(page, HasSubstr("apical train"));
  EXPECT_THAT(unbalanced(without_scripts(page)), testing::IsEmpty());
}

TEST_F(Page, FailedAndUnfinishedRunsAreAnnounced) {
  auto failed = manifest("dfc", 1), going = manifest("dfa", 1);
  failed["status"] = "failed";
  failed["failure"] = "the loss is not finite in layer 2";
  going["status"] = "running";
  const std::string page = html_report(
      std::vector{read_run_record(write("f", failed, "")), read_run_record(write("g", going, ""))});
  EXPECT_THAT(page, HasSubstr("Failed runs"));
  EXPECT_THAT(page, HasSubstr("the loss is not finite in layer 2"));
  EXPECT_THAT(page, HasSubstr("Not finished"));
  EXPECT_THAT(page, HasSubstr("No run has measured anything yet"));
}

// Two errors on a linear axis: the picture's distances must be in the ratio of the numbers'.
TEST_F(Page, FiguresAreDrawnToScale) {
  const auto figures = report_figures(std::vector{run("dfc", 1, 0.15), run("dfa", 1, 0.3)});
  const std::string& svg = figure_named(figures, "test-error").svg;
  const auto a = points_of(svg, "dfc"), b = points_of(svg, "dfa");
  ASSERT_EQ(a.size(), 3u);
  ASSERT_EQ(b.size(), 3u);
  EXPECT_DOUBLE_EQ(a[2].y, 15);
  EXPECT_DOUBLE_EQ(b[2].y, 30);
  // 90 % at epoch 0, 20 % at epoch 1: (90 − 20) : (90 − 15) = 70 : 75.
  EXPECT_NEAR((a[1].py - a[0].py) / (a[2].py - a[0].py), 70.0 / 75.0, 2e-3);
  EXPECT_NEAR((a[1].px - a[0].px) / (a[2].px - a[0].px), 0.5, 2e-3);
  EXPECT_LT(b[2].py, a[2].py);
}

TEST_F(Page, AMeanIsDrawnThroughTheSeeds) {
  const auto figures = report_figures(std::vector{run("dfc", 1, 0.10, 20), run("dfc", 2, 0.20, 40)});
  const auto error = points_of(figure_named(figures, "test-error").svg, "dfc");
  ASSERT_EQ(error.size(), 3u);
  EXPECT_NEAR(error[2].y, 15, 1e-9);
  const auto angle = points_of(figure_named(figures, "update-angle").svg, "dfc");
  ASSERT_EQ(angle.size(), 2u);
  EXPECT_NEAR(angle[1].y, 30, 1e-9);
}

TEST_F(Page, AControlledRunShowsConditionsStabilityAndFeedbackLearningFromBeforeTraining) {
  std::string text = metrics(0.03, 20);
  const auto add = [&](const char* probe, const char* unit, double epoch, const Json& values) {
    text += Json{{"event", "probe"}, {"probe", probe}, {"epoch", epoch}, {"minibatch", 1},
                 {"values", values}, {"unit", unit},   {"seconds", 0.1}}
                .dump() +
            "\n";
  };
  for (const double epoch : {-1.0, 0.5, 1.5}) {
    add("feedback-angle-transpose", "deg", epoch,
        {{"network", 60 - 20 * epoch}, {"layer 1", 70 - 20 * epoch}});
    add("condition-2", "", epoch, {{"network", 0.5 + 0.1 * epoch}});
  }
  for (const double epoch : {0.5, 1.5})
    add("stability-controlled", "1/tau_u", epoch, {{"A_PI", -0.4 * epoch}, {"Euler step", -0.3 * epoch}});
  const std::vector records{read_run_record(write("theory", manifest("dfc", 1), text))};
  const auto figures = report_figures(records);
  const auto learned = points_of(figure_named(figures, "feedback-angle-transpose").svg, "dfc");
  ASSERT_EQ(learned.size(), 3u);
  EXPECT_EQ(learned[0].x, -1);
  EXPECT_EQ(learned[0].y, 80);
  // the edge of stability is on the axis although every value lies below it
  EXPECT_THAT(figure_named(figures, "stability-controlled").svg, HasSubstr("unstable above"));
  const std::string page = html_report(records, {});
  for (const char* words : {"Should rise towards 1", "Should stay below 0, with room",
                            "sleep before training", "Condition 2 holds"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
}

// A weak nudge makes an update ten thousand times shorter than backprop's: on a linear axis to 1 nothing could be told.
TEST_F(Page, LinesFarBelowTheirReferenceHaveALogarithmicAxis) {
  std::string text;
  const auto add = [&](const char* probe, double epoch, const Json& values) {
    text += Json{{"event", "probe"}, {"probe", probe}, {"epoch", epoch}, {"minibatch", 1}, {"values", values}}
                .dump() +
            "\n";
  };
  for (const auto& [epoch, length] : {std::pair(0.5, 1e-4), std::pair(1.5, 2e-4), std::pair(2.5, 4e-4)}) {
    add("update-length", epoch, {{"network", length}});
    add("non-finite", epoch, {{"network", 0}, {"updates of layer 1", 0}});
  }
  const auto figures = report_figures(std::vector{read_run_record(write("weak", manifest("dfc", 1), text))});
  const auto points = points_of(figure_named(figures, "update-length").svg, "dfc");
  ASSERT_EQ(points.size(), 3u);
  EXPECT_NEAR(points[1].py - points[0].py, points[2].py - points[1].py, 0.11) << "equal ratios, equal steps";
  EXPECT_LT(points[1].py, points[0].py - 1);
  EXPECT_THROW(figure_named(figures, "non-finite"), std::out_of_range) << "zeros alone";
}

TEST_F(Page, NumbersThatAreNotFiniteAreLeftOutOfPaths) {
  std::string text = metrics(0.03, 20);
  const std::string good = "\"loss\":0.5,\"error\":0.3";
  text.replace(text.find(good), good.size(), "\"loss\":null,\"error\":null");
  const auto figures = report_figures(std::vector{read_run_record(write("nan", manifest("dfc", 1), text)),
                                                  read_run_record(write("nan2", manifest("dfc", 2), text))});
  for (const auto& figure : figures)
    EXPECT_FALSE(std::regex_search(figure.svg, std::regex("[ML ,\"](nan|inf|-nan)"))) << figure.id;
  const auto loss = points_of(figure_named(figures, "training-loss").svg, "dfc");
  ASSERT_EQ(loss.size(), 1u);
  EXPECT_DOUBLE_EQ(loss[0].y, 1.0);
}

TEST_F(Page, ThirtyRulesCanBeToldApart) {
  std::vector<RunRecord> runs;
  for (int i = 0; i < 30; ++i) runs.push_back(run("rule-" + std::to_string(i), 1, 0.01 * (i + 1)));
  const std::string page = html_report(runs);
  const std::regex swatch("<svg class=\"swatch[^>]*>(.*?)</svg>");
  std::set<std::string> looks;
  for (std::sregex_iterator s(page.begin(), page.end(), swatch), end; s != end; ++s) looks.insert((*s)[1]);
  EXPECT_EQ(looks.size(), 30u);
  // The first six differ in dash and marker, not by colour alone.
  std::set<std::string> dashes, markers;
  for (const std::string& look : looks) {
    std::smatch match;
    const bool dashed = std::regex_search(look, match, std::regex("stroke-dasharray=\"([^\"]*)\""));
    dashes.insert(dashed ? match[1].str() : "none");
    std::regex_search(look, match, std::regex("(circle|M[-0-9. ]+[a-z][-0-9.a-z ]+)[^<]*class=\"mark\""));
    markers.insert(match[1]);
  }
  EXPECT_EQ(dashes.size(), 6u);
  EXPECT_EQ(markers.size(), 6u);
  EXPECT_EQ(result_table(runs).rows().size(), 30u);
}

TEST_F(Page, EveryFigureHasATitleADescriptionAndItsNumbers) {
  const std::string page = html_report(std::vector{run("dfc", 1, 0.03)});
  const auto count = [&](const std::string& part) {
    int times = 0;
    for (auto at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++times;
    return times;
  };
  EXPECT_GT(count("class=\"panel\""), 3);
  EXPECT_EQ(count("class=\"panel\""), count("<desc>"));
  EXPECT_EQ(count("<figure "), count("<summary>Numbers</summary>"));
}

TEST_F(Page, AProbeThatNobodyKnowsGetsAFigure) {
  const RunRecord record =
      read_run_record(write("novel", manifest("dfc", 1),
                            "{\"event\":\"probe\",\"probe\":\"novelty\",\"epoch\":0.5,\"values\":{"
                            "\"network\":7.5},\"unit\":\"bit\",\"seconds\":0}\n"));
  const auto figures = report_figures(std::vector{record});
  EXPECT_THAT(figure_named(figures, "novelty").svg, HasSubstr("novelty [bit]"));
}

TEST_F(Page, JsonIsTheTwinOfThePage) {
  const auto json = nlohmann::json::parse(
      report_json(std::vector{run("dfc", 1, 0.03), run("dfc", 2, 0.05)}, {.title = "A title"}));
  EXPECT_EQ(json["title"], "A title");
  EXPECT_NEAR(json["table"]["rows"][0]["test_error"]["mean"].get<double>(), 0.04, 1e-15);
  EXPECT_EQ(json["runs"].size(), 2u);
  EXPECT_EQ(json["runs"][1]["facts"]["data.sha256.all"], "abc123");
  const auto& error = json["figures"][0];
  EXPECT_EQ(error["id"], "test-error");
  EXPECT_NEAR(error["panels"][0]["series"][0]["mean"]["value"].back().get<double>(), 4.0, 1e-12);
  EXPECT_EQ(error["panels"][0]["series"][0]["seeds"].size(), 2u);
}

TEST_F(Page, TheSameRunsGiveTheSamePage) {
  const std::vector<RunRecord> runs = {run("dfc", 1, 0.03), run("dfa", 1, 0.05)};
  EXPECT_EQ(html_report(runs), html_report(runs));
}

}  // namespace
}  // namespace apical
