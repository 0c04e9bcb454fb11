// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/answer.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/overload.h"

namespace smic::test {
namespace {

bool covers(const ir::Destinations& wide, const ir::Destinations& narrow) {
  const auto* all = std::get_if<ir::DestinationRef>(&wide);
  const auto* one = std::get_if<ir::DestinationRef>(&narrow);
  if (!all || !one) return !all;
  return all->identity == one->identity && (!all->port || all->port == one->port);
}

std::set<ir::Destinations> widest(const std::set<ir::Destinations>& all) {
  std::set<ir::Destinations> kept;
  for (const ir::Destinations& one : all) {
    const auto covers_it = [&](const auto& other) { return other != one && covers(other, one); };
    if (std::ranges::none_of(all, covers_it)) kept.insert(one);
  }
  return kept;
}

// The weights as intervals of [0, 2^64), in the order written.
std::uint32_t pick(const ir::Action& action, std::uint64_t entropy) {
  const auto* forward = std::get_if<ir::Forward>(&action);
  if (!forward) return contract::kNoBackend;
  unsigned __int128 total = 0;
  for (const ir::BackendRef& backend : forward->backends) total += backend.weight;
  const unsigned __int128 point = (entropy * total) >> 64;
  unsigned __int128 sum = 0;
  for (std::uint32_t i = 0; i < forward->backends.size(); ++i) {
    sum += forward->backends[i].weight;
    if (point < sum) return i;
  }
  return contract::kNoBackend;
}

ir::Destinations destination_of(const contract::Destination& named) {
  if (named.identity.empty()) return ir::AnyDestination{};
  const std::size_t slash = named.identity.find('/');
  ir::DestinationRef to{{named.identity.substr(0, slash), named.identity.substr(slash + 1)}, {}};
  if (named.port != 0) to.port = named.port;
  return to;
}

// A request as the ABI passes it; lives as long as the views into it.
class View {
 public:
  View(const decision::Decision& decision, const ir::Request& request) {
    view_.path = {request.path.data(), request.path.size()};
    view_.method = static_cast<std::uint32_t>(request.method);
    for (const contract::SourceClass& source : decision.names.sources) {
      if (request.source && ir::to_string(*request.source) == source.identity) {
        view_.source_class = source.value;
      }
    }
    const std::vector<std::string>& names = decision.shape.header_slots;
    lines_.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (const auto& [name, value] : request.headers) {
        if (name == names[i]) lines_[i].push_back({value.data(), value.size()});
      }
      slots_.push_back({lines_[i].data(), lines_[i].size()});
    }
    view_.headers = slots_.data();
  }

  const contract::RequestView& get() const { return view_; }

 private:
  contract::RequestView view_{};
  std::vector<std::vector<contract::Slice>> lines_;
  std::vector<contract::HeaderSlot> slots_;
};

}  // namespace

Answer evaluated(const ir::Unit& unit, const ir::Request& request, ir::RegexJudge& judge) {
  const ir::Evaluation evaluation = ir::evaluate(unit, request, judge);
  const ir::Route& route = unit.routes[evaluation.route];
  Answer answer{.route = route.origin, .action = route.action};
  for (std::size_t i = 0; i < kEntropies.size(); ++i)
    answer.picks[i] = pick(route.action, kEntropies[i]);
  for (std::size_t allow : evaluation.allows) answer.allowed.insert(unit.allows[allow].to);
  answer.allowed = widest(answer.allowed);
  return answer;
}

Answer decided(const ir::Unit& unit, const decision::Decision& decision, const ir::Request& request,
               const std::function<void(const contract::RequestView&, contract::Verdict&)>& match,
               const std::function<std::uint32_t(std::uint32_t, std::uint64_t)>& split) {
  contract::Verdict verdict;
  std::ranges::fill(verdict.allowed, 0xaaaaaaaaaaaaaaaa);  // all of it must be written
  const View view(decision, request);
  match(view.get(), verdict);
  SMIC_CHECK(verdict.route < unit.routes.size(), "a verdict names a route that is not there");
  const ir::Route& route = unit.routes[verdict.route];
  Answer answer{.route = route.origin, .action = route.action};
  for (std::size_t i = 0; i < kEntropies.size(); ++i)
    answer.picks[i] = split(verdict.route, kEntropies[i]);
  for (std::size_t bit = 0; bit < contract::kMaxDestinations; ++bit) {
    if ((verdict.allowed[bit / 64] >> (bit % 64) & 1) == 0) continue;
    SMIC_CHECK(bit < decision.names.destinations.size(), "a verdict allows a nameless destination");
    answer.allowed.insert(destination_of(decision.names.destinations[bit]));
  }
  answer.allowed = widest(answer.allowed);
  return answer;
}

std::string to_string(const Answer& answer) {
  // As a unit with one route and an allow a destination prints.
  ir::Unit words{.routes = {{.action = answer.action, .origin = answer.route}}};
  for (const ir::Destinations& to : answer.allowed) {
    words.allows.push_back({.to = to, .from = ir::AnySource{}});
  }
  const std::string text = ir::print(words);
  std::string picks = "  picks";
  for (std::uint32_t pick : answer.picks)
    picks += " " + std::to_string(static_cast<std::int32_t>(pick));
  return text.substr(text.find('\n') + 1) + picks + "\n";
}

}  // namespace smic::test
