// SPDX-License-Identifier: Apache-2.0
// TrafficSplits to Splits, in the order in which they are asked for a root (D-20d): conditional
// ones first, then older before younger, then by name; of the unconditional ones only the first.
//
// A split that cannot be understood (E13, E14, E15), has no root or whose matches all failed does
// not apply: its traffic takes the plain root Service. A backend that does not exist is left out; a
// split without any applies all the same and answers 503, as one with all weights zero does: its
// author took the traffic away from the root. Backends are leaves: what other splits say of them is
// not asked (D-18), so no cycle can arise.
//
// Tested by tests/unit/model/splits_test.cpp and tests/golden/split-*.
#include <algorithm>
#include <tuple>

#include "compiler/model/stages.h"

namespace smic::model {
namespace {

using resources::SplitBackend;
using resources::TrafficSplit;

struct Candidate {  // for a place among the splits of its root
  Split split;
  const TrafficSplit* object = nullptr;
  std::vector<const SplitBackend*> written;  // as split.backends
};

class SplitResolver {
 public:
  SplitResolver(const resources::Set& set, const std::vector<Service>& services,
                RouteGroups& groups, const Options& options, Diagnostics& diagnostics)
      : services_(services),
        groups_(groups),
        options_(options),
        diagnostics_(diagnostics),
        left_out_(set),
        names_("Service", options) {
    for (const Service& service : services) names_.add({service.ref.ns, service.ref.name});
  }

  // Nothing: the split does not apply.
  std::optional<Candidate> resolve(const TrafficSplit& object) {
    const auto root_name = bare(object, object.service);
    const auto backend_names = names_of_backends(object);
    if (!root_name || !backend_names || has_self_reference(object, *root_name, *backend_names)) {
      return std::nullopt;
    }
    Candidate candidate;
    candidate.object = &object;
    const auto root = find_root(object, *root_name);
    add_backends(object, *backend_names, candidate);
    const bool applies = add_matches(object, candidate.split);
    if (!root || !applies) return std::nullopt;
    candidate.split.root = *root;
    candidate.split.origin =
        origin_of("TrafficSplit", object.meta, object.meta.span, diagnostics_.sources());
    candidate.split.span = object.meta.name.span;
    return candidate;
  }

 private:
  std::optional<std::string_view> bare(const TrafficSplit& object, const resources::Text& written) {
    return bare_service_name(written, object.meta.ns.value, options_, diagnostics_);
  }

  // One for each backend, all different; nothing if one is malformed (E15) or repeated (E13).
  std::optional<std::vector<std::string_view>> names_of_backends(const TrafficSplit& object) {
    std::vector<std::string_view> names;
    std::unordered_map<std::string_view, const SplitBackend*> seen;
    bool good = true;
    for (const SplitBackend& backend : object.backends) {
      const auto name = bare(object, backend.service);
      good = good && name;
      if (!name) continue;
      names.push_back(*name);
      const auto [first, is_new] = seen.emplace(*name, &backend);
      if (is_new) continue;
      good = false;
      Diagnostic& said =
          diagnostics_.report("E13", backend.service.span,
                              "TrafficSplit `" + object.meta.name.value + "` lists backend `" +
                                  std::string(*name) + "` twice",
                              "list it once, with the sum of the weights");
      said.notes.push_back({first->second->service.span, "first listed here"});
    }
    if (!good) return std::nullopt;
    return names;
  }

  bool has_self_reference(const TrafficSplit& object, std::string_view root,
                          const std::vector<std::string_view>& backends) {
    const auto self = std::ranges::find(backends, root);
    if (self == backends.end() || options_.allow_self_reference) return false;
    const auto index = static_cast<std::size_t>(self - backends.begin());
    diagnostics_.report("E14", object.backends[index].service.span,
                        "root `" + std::string(root) + "` of TrafficSplit `" +
                            object.meta.name.value + "` is one of its own backends",
                        "send that share to a Service of its own, or allow self-reference");
    return true;
  }

  std::optional<ServiceId> find_root(const TrafficSplit& object, std::string_view name) {
    const Name root(object.meta.ns.value, name);
    const auto found = find_service(services_, root);
    if (!found) tell_missing(object, object.service, root, "root", "the split does nothing");
    return found;
  }

  void add_backends(const TrafficSplit& object, const std::vector<std::string_view>& names,
                    Candidate& candidate) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const SplitBackend& backend = object.backends[i];
      const Name name(object.meta.ns.value, names[i]);
      if (const auto id = find_service(services_, name)) {
        candidate.split.backends.push_back({*id, backend.weight.value});
        candidate.written.push_back(&backend);
        continue;
      }
      tell_missing(object, backend.service, name, "backend", "it takes no traffic");
    }
  }

  void tell_missing(const TrafficSplit& object, const resources::Text& written, const Name& name,
                    std::string_view role, std::string_view consequence) {
    if (left_out_.has("Service", name)) return;
    diagnostics_.report("W06", written.span,
                        std::string(role) + " `" + std::string(name.second) +
                            "` of TrafficSplit `" + object.meta.name.value +
                            "` is not a Service, so " + std::string(consequence),
                        names_.suggest(name));
  }

  // All matches of all groups. False: the split has a condition that nothing can meet.
  bool add_matches(const TrafficSplit& object, Split& split) {
    split.conditional = !object.matches.empty();
    for (const resources::SplitMatch& match : object.matches) {
      const Name name(object.meta.ns.value, match.name.value);
      const auto group = groups_.by_name.find(name);
      if (group == groups_.by_name.end()) {
        if (left_out_.has("HTTPRouteGroup", name)) continue;
        diagnostics_.report("W01", match.name.span,
                            "HTTPRouteGroup `" + match.name.value + "` in namespace `" +
                                object.meta.ns.value + "` does not exist, so no request matches it",
                            groups_.names.suggest(name));
        continue;
      }
      const std::vector<MatchId> ids = all_matches(group->second);
      if (!groups_.spend(ids.size(), match.name.span, diagnostics_)) continue;
      split.matches.insert(split.matches.end(), ids.begin(), ids.end());
    }
    return !split.conditional || !split.matches.empty();
  }

  const std::vector<Service>& services_;
  RouteGroups& groups_;
  const Options& options_;
  Diagnostics& diagnostics_;
  LeftOut left_out_;
  Candidates names_;
};

// D-20d. A split that no API server has seen yet has no time and counts as the youngest.
auto order(const Candidate& candidate) {
  const resources::Metadata& meta = candidate.object->meta;
  return std::tuple(candidate.split.root, !candidate.split.conditional, meta.created.empty(),
                    std::string_view(meta.created), std::string_view(meta.name.value));
}

// Says who comes before whom, and leaves out what can never be asked (W10).
std::vector<Candidate> without_conflicts(std::vector<Candidate> sorted, Diagnostics& diagnostics) {
  std::vector<Candidate> kept;
  for (Candidate& candidate : sorted) {
    const bool shares_root = !kept.empty() && kept.back().split.root == candidate.split.root;
    const bool conflicts = shares_root && !kept.back().split.conditional;
    if (shares_root) {
      const resources::Metadata& first = kept.back().object->meta;
      Diagnostic& said = diagnostics.report(
          "W10", candidate.object->meta.name.span,
          "TrafficSplit `" + candidate.object->meta.name.value + "` has the same root as `" +
              first.name.value +
              (conflicts ? "`, which takes all requests, so this one does nothing"
                         : "` and is asked only after it"),
          "conditional splits come first, then older ones, then by name");
      said.notes.push_back({first.name.span, "this one comes first"});
    }
    if (!conflicts) kept.push_back(std::move(candidate));
  }
  return kept;
}

}  // namespace

std::vector<Split> resolve_splits(const resources::Set& set, const std::vector<Service>& services,
                                  RouteGroups& groups, const Options& options,
                                  Diagnostics& diagnostics) {
  SplitResolver resolver(set, services, groups, options, diagnostics);
  std::vector<Candidate> candidates;
  for (const TrafficSplit& object : set.traffic_splits) {
    if (auto candidate = resolver.resolve(object)) candidates.push_back(std::move(*candidate));
  }
  SplitChecks checks(set, services, options, diagnostics);
  for (const Candidate& candidate : candidates) checks.add_root(candidate.split.root);
  std::ranges::sort(candidates, {}, order);
  candidates = without_conflicts(std::move(candidates), diagnostics);
  // From here on every split applies; what is left to say is what its author may not expect.
  std::vector<Split> splits;
  for (Candidate& candidate : candidates) {
    checks.check(candidate.split, *candidate.object, candidate.written);
    splits.push_back(std::move(candidate.split));
  }
  return splits;
}

}  // namespace smic::model
