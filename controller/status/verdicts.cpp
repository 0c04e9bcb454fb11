// SPDX-License-Identifier: Apache-2.0
// Tested by verdicts_test.cpp.
#include "controller/status/verdicts.h"

#include <algorithm>
#include <charconv>

#include "compiler/resources/value.h"
#include "controller/kube/watched_kinds.h"

namespace smic::status {
namespace {

using resources::Value;

constexpr std::string_view kSuffix = ".json";

std::int64_t number_in(const Value* object, std::string_view name) {
  const Value* value = object == nullptr ? nullptr : object->find(name);
  const auto* number = value == nullptr ? nullptr : value->as<Value::Number>();
  std::int64_t parsed = 0;
  if (number != nullptr) {
    std::from_chars(number->digits.data(), number->digits.data() + number->digits.size(), parsed);
  }
  return parsed;
}

std::map<SourceId, std::vector<Finding>> findings_by_source(const Diagnostics& diagnostics) {
  std::map<SourceId, std::vector<Finding>> found;
  for (const Diagnostic& each : diagnostics.sorted()) {
    found[each.span.source].push_back({each.severity, each.code, each.message, each.help});
  }
  for (auto& [source, findings] : found) {
    std::ranges::sort(findings);
    const auto repeated = std::ranges::unique(findings);
    findings.erase(repeated.begin(), repeated.end());
  }
  return found;
}

}  // namespace

Verdict read_identity(std::string_view text) {
  Verdict verdict;
  const auto root = resources::value_of_json(text);
  if (!root) return verdict;
  const Value* metadata = root->find("metadata");
  verdict.api_version = root->text("apiVersion");
  if (metadata != nullptr) verdict.uid = metadata->text("uid");
  verdict.generation = number_in(metadata, "generation");
  return verdict;
}

ObjectName object_named(std::string_view source) {
  if (!source.ends_with(kSuffix)) return {};
  source.remove_suffix(kSuffix.size());
  const std::size_t first = source.find('/');
  if (first == source.npos) return {};
  const std::string_view rest = source.substr(first + 1);
  const std::size_t second = rest.find('/');
  if (second == rest.npos) return {std::string(source.substr(0, first)), "", std::string(rest)};
  return {std::string(source.substr(0, first)), std::string(rest.substr(0, second)),
          std::string(rest.substr(second + 1))};
}

bool has_conditions(const std::string& kind) {
  for (const kube::WatchedKind& each : kube::watched_kinds()) {
    if (each.kind == kind) return each.has_crd;
  }
  return false;
}

// True if its verdict changed.
bool Verdicts::look(const ObjectName& name, std::string_view text, std::vector<Finding> findings,
                    std::uint64_t version) {
  auto found = known_.find(name);
  const bool first = found == known_.end();
  if (first) {
    if (findings.empty() && !has_conditions(name.kind)) return false;
    found = known_.emplace(name, Known{}).first;
  }
  Known& known = found->second;
  known.round = round_;
  const std::size_t hash = std::hash<std::string_view>()(text);
  const bool edited = first || known.text != hash;
  if (!edited && known.verdict.findings == findings) return false;
  if (edited) {
    known.text = hash;
    Verdict fresh = read_identity(text);
    fresh.version = version;
    if (fresh.uid == known.verdict.uid && fresh.generation == known.verdict.generation) {
      fresh.version = known.verdict.version;
    }
    known.verdict = std::move(fresh);
  }
  known.verdict.findings = std::move(findings);
  return true;
}

std::set<ObjectName> Verdicts::update(const Diagnostics& diagnostics, std::uint64_t version) {
  ++round_;
  std::set<ObjectName> changed;
  auto found = findings_by_source(diagnostics);
  const Sources& sources = diagnostics.sources();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId id{i};
    ObjectName name = object_named(sources.name(id));
    if (name.kind.empty()) continue;
    if (look(name, sources.text(id), std::move(found[id]), version)) changed.insert(name);
  }
  std::erase_if(known_, [&](const auto& each) {
    if (each.second.round == round_) return false;
    changed.insert(each.first);
    return true;
  });
  return changed;
}

std::set<ObjectName> Verdicts::update(const Diagnostics& diagnostics,
                                      std::span<const Touched> touched, std::uint64_t version) {
  const Sources& sources = diagnostics.sources();
  std::map<SourceId, Diagnostics> of_touched;  // each file has its limit of its own
  for (const Touched& each : touched) {
    if (each.source) of_touched.emplace(*each.source, sources);
  }
  for (const Diagnostic& each : diagnostics.kept()) {
    const auto found = of_touched.find(each.span.source);
    if (found != of_touched.end()) found->second.report(each);
  }
  std::set<ObjectName> changed;
  for (const auto& [key, source] : touched) {
    const ObjectName name{key.kind, key.ns, key.name};
    if (!source) {
      if (known_.erase(name) > 0) changed.insert(name);
      continue;
    }
    auto findings = findings_by_source(of_touched.at(*source));
    if (look(name, sources.text(*source), std::move(findings[*source]), version)) {
      changed.insert(name);
    }
  }
  return changed;
}

const Verdict* Verdicts::find(const ObjectName& name) const {
  const auto found = known_.find(name);
  return found == known_.end() ? nullptr : &found->second.verdict;
}

}  // namespace smic::status
