// SPDX-License-Identifier: Apache-2.0
#include "controller/shadow/known.h"

#include <algorithm>
#include <charconv>

namespace smic::shadow {
namespace {

constexpr std::chrono::seconds kResting{60};  // kube-proxies and DNS caches forget in the meantime

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

template <class T>
std::uint64_t version_in(const std::map<std::string, T>& known, const std::string& name) {
  const auto found = known.find(name);
  return found == known.end() ? 0 : found->second.version;
}

template <class T>
std::vector<std::string> names_without(const std::map<std::string, T>& known,
                                       const std::set<std::string>& present) {
  std::vector<std::string> names;
  for (const auto& [name, each] : known) {
    if (!present.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace

std::string kind_of(Write::Kind kind) {
  return kind == Write::Kind::service ? "Service" : "EndpointSlice";
}

// ---- from informers --------------------------------------------------------------------------

void Known::replace(const std::string& kind, const std::vector<kube::Object>& objects, Time now) {
  std::set<std::string> present;
  for (const kube::Object& object : objects) {
    present.insert(object.name);
    learn(kind, object, now);
  }
  std::vector<std::string> gone;
  if (kind == "Service") gone = names_without(standing_.services, present);
  if (kind == "EndpointSlice") gone = names_without(standing_.slices, present);
  if (kind == "Node") gone = names_without(nodes_, present);
  for (const std::string& name : gone) forget(kind, name, now);
  listed_.insert(kind);
  if (kind == writing_.kind) writing_.listed = true;
}

bool Known::put(const std::string& kind, const kube::Object& object, Time now) {
  if (kind == "Node") {
    // A node says every few seconds that it lives, which nobody here needs to hear.
    Node& known = nodes_[object.name];
    return known != std::exchange(known, read_node(object.text));
  }
  const std::uint64_t known = version_of(kind, object.name);
  if (known != 0 && number_of(object.version) <= known) return false;
  learn(kind, object, now);
  return true;
}

bool Known::remove(const std::string& kind, const kube::Object& object, Time now) {
  const std::uint64_t version = number_of(object.version);
  if (kind == writing_.kind && object.name == writing_.name) writing_.removed_at = version;
  if (version_of(kind, object.name) > version) return false;  // we have made it anew since then
  forget(kind, object.name, now);
  return true;
}

// ---- from our own writes ---------------------------------------------------------------------

void Known::begin(const Write& write) {
  writing_ = {.kind = kind_of(write.kind), .name = write.name};
  writing_.version = version_of(writing_.kind, writing_.name);
}

void Known::answered(const std::string& object, Time now) {
  const Writing writing = std::exchange(writing_, {});
  const std::string text = version_in(object);
  const std::uint64_t version = number_of(text), known = version_of(writing.kind, writing.name);
  const bool overtaken = known != 0 ? version < known : writing.listed;
  if (overtaken || version < writing.removed_at) return;
  learn(writing.kind, {"", writing.name, text, object}, now);
}

// What is known now and was not when it began is another object, or a change of the one that went,
// of whose end an informer will tell, too.
void Known::answered_gone(Time now) {
  const Writing writing = std::exchange(writing_, {});
  if (version_of(writing.kind, writing.name) == writing.version) {
    forget(writing.kind, writing.name, now);
  }
}

// ---- what is known ---------------------------------------------------------------------------

std::uint64_t Known::version_of(const std::string& kind, const std::string& name) const {
  if (kind == "Service") return version_in(standing_.services, name);
  return kind == "EndpointSlice" ? version_in(standing_.slices, name) : 0;
}

void Known::learn(const std::string& kind, const kube::Object& object, Time now) {
  if (kind == "Service") {
    StandingService service = read_service(object.text);
    service.version = number_of(object.version);
    StandingService& known = standing_.services[object.name];
    Targets lost = known.targets;
    std::erase_if(lost, [&](const auto& each) {
      const auto kept = service.targets.find(each.first);
      return kept != service.targets.end() && kept->second == each.second;
    });
    rest(lost, now);
    known = std::move(service);
  } else if (kind == "EndpointSlice") {
    StandingSlice slice = read_slice(object.text);
    slice.version = number_of(object.version);
    standing_.slices[object.name] = std::move(slice);
  } else {
    nodes_[object.name] = read_node(object.text);
  }
}

void Known::forget(const std::string& kind, const std::string& name, Time now) {
  if (kind == "Service") {
    const auto known = standing_.services.find(name);
    if (known == standing_.services.end()) return;
    rest(known->second.targets, now);
    standing_.services.erase(known);
  } else if (kind == "EndpointSlice") {
    standing_.slices.erase(name);
  } else {
    nodes_.erase(name);
  }
}

void Known::rest(const Targets& targets, Time now) {
  for (const auto& [port, target] : targets) resting_[{port.transport, target}] = now + kResting;
}

World Known::world(const std::string& ns, PortRange range, Time now) {
  std::erase_if(resting_, [&](const auto& each) { return each.second <= now; });
  World world{ns, range, {}, standing_, {}};
  for (const auto& [name, node] : nodes_) world.nodes.push_back(node);
  for (const auto& [port, until] : resting_) world.resting.insert(port);
  return world;
}

}  // namespace smic::shadow
