// SPDX-License-Identifier: Apache-2.0
// Tested by address_news_test.cpp.
#include "controller/status/address_news.h"

#include <algorithm>

namespace smic::status {
namespace {

using Findings = std::map<ObjectName, std::vector<Finding>>;

ObjectName name_of(const ir::ServiceRef& service) { return {"Service", service.ns, service.name}; }

Findings findings_of(const controller::Update& update) {
  Findings findings;
  for (const auto& each : update.remarks) {
    findings[name_of(each.service)].push_back({Severity::warning, "MeshAddress", each.what, ""});
  }
  for (const auto& each : update.unplaced) {
    if (each.passing) continue;
    findings[name_of(each.service)].push_back(
        {Severity::warning, "NoMeshAddress", "it has no mesh address: " + each.reason, ""});
  }
  return findings;
}

// Of these objects; one that is not there is gone.
std::map<ObjectName, Verdict> read(const std::set<ObjectName>& names, const Sources& sources) {
  std::map<ObjectName, Verdict> found;
  for (std::size_t i = 0; i < sources.size() && found.size() < names.size(); ++i) {
    const ObjectName name = object_named(sources.name(SourceId{i}));
    if (names.contains(name)) found.emplace(name, read_identity(sources.text(SourceId{i})));
  }
  return found;
}

}  // namespace

std::set<ObjectName> AddressNews::update(const controller::Update& update, const Sources& sources) {
  if (update.unplaced == unplaced_ && update.remarks == remarks_) return {};
  unplaced_ = update.unplaced;
  remarks_ = update.remarks;
  Findings now = findings_of(update);
  // Told the last time that nothing is wrong any more.
  std::erase_if(said_, [](const auto& each) { return each.second.findings.empty(); });
  std::set<ObjectName> changed;
  for (const auto& [name, findings] : now) {
    const auto before = said_.find(name);
    if (before == said_.end() || before->second.findings != findings) changed.insert(name);
  }
  for (const auto& [name, said] : said_) {
    if (!now.contains(name)) changed.insert(name);
  }
  const auto objects = read(changed, sources);
  for (const ObjectName& name : changed) {
    const auto object = objects.find(name);
    if (object == objects.end()) {
      said_[name] = {};
    } else {
      said_[name] = {object->second, std::move(now[name])};
    }
  }
  return changed;
}

std::optional<Verdict> AddressNews::beside(const ObjectName& name, const Verdict* told) const {
  const auto said = said_.find(name);
  if (said == said_.end()) return told == nullptr ? std::nullopt : std::optional(*told);
  std::optional<Verdict> verdict = told == nullptr ? said->second.object : std::optional(*told);
  if (!verdict) return std::nullopt;
  for (const Finding& each : said->second.findings) verdict->findings.push_back(each);
  std::ranges::sort(verdict->findings);
  return verdict;
}

}  // namespace smic::status
