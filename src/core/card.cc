#include "apical/card.h"

#include <array>

namespace apical {
namespace {

struct NamedMark {
  Mark mark;
  const char* name;
};

constexpr std::array<NamedMark, 11> kMarks = {{
    {Mark::weight_transport, "weight transport"},
    {Mark::signed_error, "signed error"},
    {Mark::update_locked, "update locked"},
    {Mark::backward_locked, "backward locked"},
    {Mark::frozen_activity, "frozen activity"},
    {Mark::second_phase, "second phase"},
    {Mark::global_scalar, "global scalar"},
    {Mark::batch_statistics, "batch statistics"},
    {Mark::label_everywhere, "label everywhere"},
    {Mark::stored_past, "stored past"},
    {Mark::analytic_jacobian, "analytic Jacobian"},
}};

}  // namespace

std::vector<std::string> Marks::names() const {
  std::vector<std::string> names;
  for (const auto& [mark, name] : kMarks) {
    if (has(mark)) names.emplace_back(name);
  }
  return names;
}

std::vector<Pass::Moved> Pass::moved() const {
  std::vector<Moved> moved = {{group, optimizer.empty() ? group : optimizer}};
  for (const std::string& other : also) moved.push_back({other, other});
  return moved;
}

Parameters Card::settings() const { return Parameters("rule " + id, parameters); }

void Card::apply_presets(Parameters& settings) const {
  for (const Preset& preset : presets) {
    if (settings.text(preset.parameter) != preset.value) continue;
    for (const auto& [name, value] : preset.fallbacks) settings.set_fallback(name, value);
  }
}

Card Card::configured(const Parameters& settings) const {
  Card card = *this;
  if (configure != nullptr) configure(card, settings);
  return card;
}

}  // namespace apical
