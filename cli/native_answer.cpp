// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/explanation.h"

namespace smic::cli {
namespace {

contract::Slice slice_of(const std::string& text) { return {text.data(), text.size()}; }

// The header slots that the image asks for, filled from the query. Views into the query.
struct Slots {
  std::vector<std::vector<contract::Slice>> lines;
  std::vector<contract::HeaderSlot> slots;

  Slots(const std::vector<std::string>& names, const Query& query) : lines(names.size()) {
    for (std::size_t slot = 0; slot < names.size(); ++slot) {
      for (const auto& [name, value] : query.headers) {
        if (name == names[slot]) lines[slot].push_back(slice_of(value));
      }
      slots.push_back({lines[slot].data(), lines[slot].size()});
    }
  }
};

std::uint32_t class_of(const contract::Unit& names, const ir::Identity& identity) {
  const auto found =
      std::ranges::find(names.sources, ir::to_string(identity), &contract::SourceClass::identity);
  return found == names.sources.end() ? 0 : found->value;
}

ir::ServiceRef service_ref(const std::string& name) {
  const auto slash = name.find('/');
  return {name.substr(0, slash), name.substr(slash + 1)};
}

Answer in_words(const contract::Verdict& verdict, const contract::Unit& names) {
  Answer answer;
  for (const contract::WeightedBackend& each : names.routes.at(verdict.route).split) {
    const contract::Backend& backend = names.backends.at(each.backend);
    answer.backends.push_back({service_ref(backend.service), backend.port, each.weight});
  }
  for (std::size_t bit = 0; bit < names.destinations.size(); ++bit) {
    if (verdict.allowed[bit / 64] >> (bit % 64) & 1) {
      answer.destinations.push_back(names.destinations[bit]);
    }
  }
  return answer;
}

}  // namespace

Result<Answer> NativeUnits::answer(const ir::Unit& unit, const Query& query) {
  const auto loaded = load(unit);
  if (!loaded) return std::unexpected(loaded.error());
  const auto& [names, program] = **loaded;
  const Slots slots(program->shape().header_slots, query);
  const contract::RequestView view{slice_of(query.path), slots.slots.data(),
                                   static_cast<std::uint32_t>(method_of(query)),
                                   class_of(names, query.from)};
  contract::Verdict verdict{};
  program->match(view, verdict);
  return in_words(verdict, names);
}

NativeUnits::NativeUnits(CompileOptions options) : options_(std::move(options)) {
  options_.targets = program::Targets(program::Engine::native).best();
}

Result<const NativeUnits::Loaded*> NativeUnits::load(const ir::Unit& unit) {
  const auto known = loaded_.find(&unit);
  if (known != loaded_.end()) return &known->second;
  auto compiled = compile_unit(unit, options_);
  if (!compiled) return fail(compiled, "compile " + ir::to_string(unit.service));
  const auto& image = compiled->native.empty() ? compiled->image : compiled->native.front();
  auto program = program::load(image, program::Engine::native);
  if (!program) return fail(program, "load the image of " + ir::to_string(unit.service));
  return &loaded_.emplace(&unit, Loaded{std::move(compiled->names), std::move(*program)})
              .first->second;
}

}  // namespace smic::cli
