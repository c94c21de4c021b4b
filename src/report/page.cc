#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "apical/report.h"
#include "report/assets.h"
#include "report/charts.h"
#include "report/markup.h"
#include "report/svg.h"

namespace apical {
namespace {

using report::Chart;
using report::escaped;
using report::Group;
using report::Series;

std::string html_table(const Table& table, bool swatches) {
  std::string out = "<div class=\"scroll\"><table><thead><tr>";
  const auto cls = [&](std::size_t c) {
    return table.columns()[c].align == Table::Align::right ? " class=\"number\"" : "";
  };
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    const auto& column = table.columns()[c];
    const std::string unit =
        column.unit.empty() ? "" : fmt::format(" <span class=\"unit\">{}</span>", escaped(column.unit));
    out += fmt::format("<th scope=\"col\"{}>{}{}</th>", cls(c), escaped(column.name), unit);
  }
  out += "</tr></thead><tbody>";
  for (std::size_t r = 0; r < table.rows().size(); ++r) {
    out += "<tr>";
    for (std::size_t c = 0; c < table.rows()[r].size(); ++c) {
      const std::string words = escaped(table.rows()[r][c].text);
      if (c == 0)
        out += fmt::format("<th scope=\"row\">{}{}</th>", swatches ? report::swatch_svg(r) : "", words);
      else
        out += fmt::format("<td{}>{}</td>", cls(c), words);
    }
    out += "</tr>";
  }
  out += "</tbody></table></div>";
  for (const auto& note : table.notes()) out += fmt::format("<p class=\"note\">{}</p>", escaped(note));
  return out;
}

std::string joined(const std::set<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

// "4 rules · mnist · seeds 1, 2 · version 0.1.0".
std::string facts_line(std::span<const RunRecord> runs, std::size_t rules) {
  std::set<std::string> data, seeds, versions;
  for (const auto& run : runs) {
    if (!run.data.empty()) data.insert(run.data);
    if (!run.seed.empty()) seeds.insert(run.seed);
    if (!run.version.empty()) versions.insert(run.version);
  }
  std::vector<std::string> parts = {fmt::format("{} rule{}", rules, rules == 1 ? "" : "s"),
                                    fmt::format("{} run{}", runs.size(), runs.size() == 1 ? "" : "s")};
  if (!data.empty()) parts.push_back(joined(data));
  if (!seeds.empty() && seeds.size() <= 12)
    parts.push_back(fmt::format("seed{} {}", seeds.size() == 1 ? "" : "s", joined(seeds)));
  if (!versions.empty()) parts.push_back("Apical " + joined(versions));
  return fmt::format("{}", fmt::join(parts, " · "));
}

std::string notice(const char* kind, const std::string& heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string out = fmt::format("<aside class=\"notice {}\"><h2>{}</h2><ul>", kind, escaped(heading));
  for (const auto& line : lines) out += fmt::format("<li>{}</li>", escaped(line));
  return out + "</ul></aside>";
}

std::string run_name(const RunRecord& run) {
  return run.seed.empty() ? fmt::format("{} ({})", run.rule, run.name)
                          : fmt::format("{}, seed {}", run.rule, run.seed);
}

std::string notices(std::span<const RunRecord> runs, const ReportOptions& options) {
  std::vector<std::string> failures, going, unreadable;
  for (const auto& run : runs) {
    if (report::failed(run)) {
      const std::string why = run.failure.empty() ? "its manifest gives no reason." : run.failure;
      failures.push_back(
          fmt::format("{}: stopped after epoch {:g}: {}", run_name(run), report::last_epoch(run), why));
    } else if (report::unfinished(run)) {
      going.push_back(fmt::format("{}: at epoch {:g}{}.", run_name(run), report::last_epoch(run),
                                  run.status.empty() ? "" : ", " + run.status));
    }
    for (const auto& problem : run.problems) unreadable.push_back(run_name(run) + ": " + problem);
  }
  return notice("bad", "Failed runs", failures) +
         notice("going", "Not finished when this page was made", going) +
         notice("bad", "Not everything could be read", unreadable) +
         notice("plain", "Shortened against the published settings", report::shortened_in(runs, options));
}

constexpr std::size_t kMostRows = 30;

// The numbers behind a figure, or every k-th of many, for readers who cannot see it and for copying: one row
// per epoch, one column per series.
std::string numbers_of(const Chart& chart) {
  std::string out = "<details><summary>Numbers</summary>";
  for (const auto& panel : chart.panels) {
    Table table;
    table.column("Epoch", Table::Align::right);
    std::map<double, std::vector<Cell>> rows;
    for (std::size_t s = 0; s < panel.series.size(); ++s) {
      const Series& series = panel.series[s];
      table.column(series.label, Table::Align::right, chart.unit);
      for (std::size_t i = 0; i < series.mean.x.size(); ++i) {
        auto& row = rows[series.mean.x[i]];
        row.resize(panel.series.size());
        row[s] = report::brief(series.mean.y[i]);
      }
    }
    const std::size_t every = rows.size() / kMostRows + 1;
    std::size_t at = 0;
    for (auto& [epoch, cells] : rows) {
      if (at++ % every != 0 && at != rows.size()) continue;
      cells.insert(cells.begin(), Cell(fmt::format("{:.4g}", epoch)));
      cells.resize(panel.series.size() + 1);
      table.row(std::move(cells));
    }
    if (!panel.title.empty()) out += fmt::format("<h4>{}</h4>", escaped(panel.title));
    out += html_table(table, false);
  }
  return out + "</details>";
}

std::string figure(const Chart& chart) {
  const bool many = chart.panels.size() > 1;
  std::string out = fmt::format(
      "<figure id=\"{}\" class=\"{}\"><figcaption><h3>{}</h3><p>{}</p></figcaption><div class=\"panels\">",
      escaped(chart.id), many ? "wide" : "single", escaped(chart.title), escaped(chart.expect));
  for (const auto& panel : chart.panels) out += report::panel_svg(chart, panel);
  return out + "</div><div class=\"tools\">" + numbers_of(chart) +
         "<button type=\"button\" class=\"save\" hidden>Save as SVG</button></div></figure>";
}

std::string legend(const std::vector<Group>& groups) {
  std::string out = "<div class=\"legend\" role=\"group\" aria-label=\"Rules shown\">";
  for (std::size_t g = 0; g < groups.size(); ++g) {
    out += fmt::format("<button type=\"button\" aria-pressed=\"true\" data-style=\"{}\">{}{}</button>", g,
                       report::swatch_svg(g), escaped(groups[g].label));
  }
  return out + "</div>";
}

std::string figures(const std::vector<Group>& groups) {
  const std::vector<Chart> charts = report::charts_of(groups);
  if (charts.empty()) {
    return "<section><h2>Curves</h2><p class=\"empty\">No run has measured anything yet. Curves appear here "
           "after the first epoch.</p></section>";
  }
  std::string out =
      "<section><h2>Curves</h2><p class=\"note\">Thick lines are means over seeds, thin ones single "
      "seeds.</p>" +
      legend(groups) + "<div class=\"figures\">";
  for (const Chart& chart : charts) out += figure(chart);
  out += "</div>";
  if (std::none_of(charts.begin(), charts.end(),
                   [](const Chart& chart) { return chart.id == "update-angle"; })) {
    out +=
        "<p class=\"empty\">No angles to backprop: these runs did not schedule the probe update-angle.</p>";
  }
  return out + "</section>";
}

// What each rule's time went into, per run.
Table costs(const std::vector<Group>& groups) {
  constexpr auto kRight = Table::Align::right;
  Table table;
  table.column("Rule")
      .column("Training", kRight, "s")
      .column("Other passes", kRight, "s")
      .column("Probes", kRight, "s")
      .column("Probes", kRight, "% of training");
  table.column("Settling time, last epoch", kRight, "steps").column("Non-finite numbers", kRight);
  for (const Group& group : groups) {
    double training = 0, others = 0, probes = 0, lost = 0;
    std::vector<double> settling;
    for (const RunRecord* run : group.runs) {
      std::optional<double> last;
      for (const auto& epoch : run->epochs) {
        (epoch.pass == "wake" ? training : others) += epoch.seconds;
        lost += epoch.nonfinite && std::isfinite(*epoch.nonfinite) ? *epoch.nonfinite : 0;
        if (epoch.settling_time) last = epoch.settling_time;
      }
      for (const auto& measured : run->measurements) probes += measured.seconds;
      if (last) settling.push_back(*last);
    }
    const double n = static_cast<double>(group.runs.size());
    table.row({group.label, Cell::number(training / n, 2), Cell::number(others / n, 2),
               Cell::number(probes / n, 2), training > 0 ? Cell::number(100 * probes / training, 1) : Cell(),
               Cell::mean_sd(settling, 1), Cell::number(lost)});
  }
  table.note("Seconds are means per run.");
  return table;
}

// Facts that all runs share, once; what differs, one row per run.
std::string record(std::span<const RunRecord> runs) {
  std::vector<std::string> keys;
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& run : runs) {
    for (const auto& [key, value] : run.facts) {
      if (!values.contains(key)) keys.push_back(key);
      values[key].push_back(value);
    }
  }
  Table common, differing;
  common.column("Fact").column("Value, all runs");
  std::vector<std::string> varied;
  for (const auto& key : keys) {
    const auto& list = values[key];
    if (list.size() == runs.size() &&
        std::all_of(list.begin(), list.end(), [&](const auto& v) { return v == list[0]; }))
      common.row({key, list[0]});
    else
      varied.push_back(key);
  }
  std::string out = "<section><h2>Record</h2>" + html_table(common, false);
  if (!varied.empty()) {
    differing.column("Run");
    for (const auto& key : varied) differing.column(key);
    for (const auto& run : runs) {
      std::vector<Cell> row = {Cell(run.name)};
      for (const auto& key : varied) {
        const auto fact =
            std::find_if(run.facts.begin(), run.facts.end(), [&](const auto& f) { return f.first == key; });
        row.push_back(fact == run.facts.end() ? Cell() : Cell(fact->second));
      }
      differing.row(std::move(row));
    }
    out += "<details><summary>What differs between the runs</summary>" + html_table(differing, false) +
           "</details>";
  }
  for (const Group& group : report::grouped(runs)) {
    if (group.runs[0]->recipe.empty()) continue;
    out += fmt::format("<details><summary>Recipe of {}</summary><pre>{}</pre></details>",
                       escaped(group.label), escaped(group.runs[0]->recipe));
  }
  return out + "</section>";
}

std::string body(std::span<const RunRecord> runs, const ReportOptions& options) {
  if (runs.empty()) {
    return "<section class=\"empty\"><h2>No runs</h2><p>This report was made from no runs. Train something "
           "first, for example "
           "<code>apical train recipes/first.toml</code>, then make the report of its folder: <code>apical "
           "report runs/NAME</code>.</p></section>";
  }
  const std::vector<Group> groups = report::grouped(runs);
  const Table results = report::without_shortened(runs).shown();
  return notices(runs, options) + "<section><h2>Result</h2>" + html_table(results, true) + "</section>" +
         figures(groups) + "<section><h2>Cost</h2>" + html_table(costs(groups), true) + "</section>" +
         record(runs);
}

}  // namespace

std::string html_report(std::span<const RunRecord> runs, const ReportOptions& options) {
  const std::size_t rules = report::grouped(runs).size();
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
  // The page may load nothing: neither scripts nor images nor fonts from anywhere.
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'\">";
  out += fmt::format("<title>{}</title><style>{}</style></head><body>", escaped(options.title),
                     report::kStyleSheet);
  out += fmt::format("<header><h1>{}</h1>", escaped(options.title));
  if (!options.what.empty()) out += fmt::format("<p class=\"what\">{}</p>", escaped(options.what));
  if (!runs.empty()) out += fmt::format("<p class=\"facts\">{}</p>", escaped(facts_line(runs, rules)));
  out += "</header><main>" + body(runs, options) + "</main>";
  out += fmt::format("<div id=\"readout\" role=\"status\" hidden></div><script>{}</script></body></html>\n",
                     report::kScript);
  return out;
}

std::vector<ReportFigure> report_figures(std::span<const RunRecord> runs) {
  const std::vector<Group> groups = report::grouped(runs);
  std::vector<ReportFigure> out;
  for (const Chart& chart : report::charts_of(groups))
    out.push_back({chart.id, chart.title, report::chart_svg(chart, groups)});
  return out;
}

std::string report_json(std::span<const RunRecord> runs, const ReportOptions& options) {
  using Json = nlohmann::ordered_json;
  const auto curve = [](const report::Curve& c) { return Json{{"epoch", c.x}, {"value", c.y}}; };
  const std::vector<Group> groups = report::grouped(runs);
  Json out = {{"title", options.title},
              {"what", options.what},
              {"table", Json::parse(result_table(runs, options).json())}};
  out["figures"] = Json::array();
  for (const Chart& chart : report::charts_of(groups)) {
    Json panels = Json::array();
    for (const auto& panel : chart.panels) {
      Json all = Json::array();
      for (const Series& series : panel.series) {
        Json seeds = Json::array();
        for (const auto& seed : series.seeds) seeds.push_back(curve(seed));
        all.push_back({{"label", series.label}, {"mean", curve(series.mean)}, {"seeds", seeds}});
      }
      panels.push_back({{"title", panel.title}, {"series", all}});
    }
    out["figures"].push_back(
        {{"id", chart.id}, {"title", chart.title}, {"unit", chart.unit}, {"panels", panels}});
  }
  out["runs"] = Json::array();
  for (const auto& run : runs) {
    Json facts = Json::object();
    for (const auto& [key, value] : run.facts) facts[key] = value;
    out["runs"].push_back({{"folder", run.folder.string()},
                           {"name", run.name},
                           {"rule", run.rule},
                           {"seed", run.seed},
                           {"data", run.data},
                           {"status", run.status},
                           {"failure", run.failure},
                           {"marks", report::marks_of(run)},
                           {"problems", run.problems},
                           {"facts", facts}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace apical
