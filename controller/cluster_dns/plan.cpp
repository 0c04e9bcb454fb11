// SPDX-License-Identifier: Apache-2.0
// Tested by plan_test.cpp.
#include "controller/cluster_dns/plan.h"

#include <algorithm>

#include "compiler/diagnostics/diagnostics.h"
#include "controller/dns/difference.h"

namespace smic::cluster_dns {
namespace {

using Text = std::optional<std::string>;
using Change = std::function<Text(const Sources&, SourceId, Diagnostics&)>;

constexpr std::string_view kDefaultDomain = "cluster.local";

Trouble told(const Diagnostics& diagnostics) {
  std::string text = render(diagnostics, DiagnosticsFormat::plain);
  while (text.ends_with('\n')) text.pop_back();
  return {Trouble::Kind::refused, std::move(text)};
}

std::string place_of(const ConfigMap& map, const std::string& key) {
  return map.ns + '/' + map.name + ' ' + key;
}

Text value_of(const ConfigMap& map, const std::string& key) {
  const std::string* found = map.find(key);
  return found == nullptr ? std::nullopt : Text(*found);
}

Outcome<std::string> changed(const std::string& name, const std::string& text,
                             const Change& change) {
  Sources sources;
  const SourceId id = sources.add(name, text);
  Diagnostics diagnostics(sources);
  Text result = change(sources, id, diagnostics);
  if (!result) return std::unexpected(told(diagnostics));
  return std::move(*result);
}

// ---- CoreDNS ------------------------------------------------------------------------------------

// A file that the Corefile imports, in a ConfigMap of its own.
struct Hook {
  ConfigMap map;
  std::string file;
};

std::string resolved(const std::string& directory, const std::string& relative) {
  if (relative.starts_with('/')) return relative;
  return relative.empty() ? directory : directory + '/' + relative;
}

std::optional<Hook> hook_of(const Running& running, const Texts& texts,
                            const std::string& corefile) {
  Sources sources;
  const SourceId id = sources.add("Corefile", corefile);
  for (const dns_stub::ImportHook& hook : dns_stub::import_hooks(sources, id)) {
    const auto map = texts.mounted.find(resolved(running.configuration.directory, hook.directory));
    if (map == texts.mounted.end() || map->second.immutable) continue;
    return Hook{map->second, hook.file};
  }
  return std::nullopt;
}

// What CoreDNS reads beside the Corefile: the others' files at the hook, so that a zone of theirs
// is seen before ours stands against it.
std::string others_at(const Hook& hook) {
  const std::size_t dot = hook.file.rfind('.');
  const std::string suffix = dot == std::string::npos ? "" : hook.file.substr(dot);
  std::string text;
  for (const auto& [key, value] : hook.map.data) {
    if (key != hook.file && key.ends_with(suffix)) text += '\n' + value;
  }
  return text;
}

Outcome<std::string> corefile_of(const Running& running, const Texts& texts) {
  const std::string& key = running.configuration.key;
  const std::string* corefile = texts.configuration.find(key);
  if (corefile != nullptr) return *corefile;
  return refuse("there is no text " + place_of(texts.configuration, key) +
                ", which the DNS pods run by");
}

void add_edit(Plan& plan, const ConfigMap& map, const std::string& key, Text after) {
  Text before = value_of(map, key);
  if (before != after) plan.edits.push_back({map, key, std::move(before), std::move(after)});
}

// Every plain namespace's zone must lie in the cluster's own domain, or it is nobody's name.
Outcome<void> fit_domain(const std::vector<std::string>& domains, const dns_stub::Stub& stub) {
  for (const std::string& zone : stub.zones) {
    const std::size_t svc = zone.find(".svc.");
    if (svc == std::string::npos || zone.find('.') != svc) continue;
    const std::string domain = zone.substr(svc + 5);
    if (std::ranges::find(domains, domain) != domains.end()) continue;
    return refuse("the zone " + zone + " is not in this cluster's domain, which is " +
                  (domains.empty() ? "not told by its DNS" : domains.front()) +
                  ": name it with --cluster-domain");
  }
  return {};
}

Outcome<dns_stub::Traits> traits_of(const std::string& name, const std::string& corefile) {
  Sources sources;
  const SourceId id = sources.add(name, corefile);
  Diagnostics diagnostics(sources);
  auto traits = dns_stub::traits_of(sources, id, diagnostics);
  if (!traits) return std::unexpected(told(diagnostics));
  return std::move(*traits);
}

std::string first_of(const std::vector<std::string>& domains) {
  return domains.empty() ? std::string(kDefaultDomain) : domains.front();
}

Outcome<Plan> add_to_coredns(const Running& running, const Texts& texts,
                             const dns_stub::Stub& stub) {
  const auto corefile = corefile_of(running, texts);
  if (!corefile) return std::unexpected(corefile.error());
  const std::string name = place_of(texts.configuration, running.configuration.key);
  const auto traits = traits_of(name, *corefile);
  if (!traits) return std::unexpected(traits.error());
  if (!traits->reloads) {
    return refuse(name +
                  ": it has no `reload`, so that CoreDNS would take the change up only when it is "
                  "started again, which nobody would see: add `reload` to its first block");
  }
  if (const auto fits = fit_domain(traits->cluster_domains, stub); !fits) {
    return std::unexpected(fits.error());
  }
  Plan plan{.cluster_domain = first_of(traits->cluster_domains)};
  const auto bare = changed(name, *corefile, dns_stub::take_from_corefile);
  if (!bare) return std::unexpected(bare.error());
  if (const auto hook = hook_of(running, texts, *corefile)) {
    const auto file = changed(name, *bare + others_at(*hook),
                              [&](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
                                return dns_stub::custom_file(sources, id, stub, diagnostics);
                              });
    if (!file) return std::unexpected(file.error());
    add_edit(plan, texts.configuration, running.configuration.key, *bare);
    add_edit(plan, hook->map, hook->file, *file);
    return plan;
  }
  const auto text =
      changed(name, *corefile, [&](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
        return dns_stub::add_to_corefile(sources, id, stub, diagnostics);
      });
  if (!text) return std::unexpected(text.error());
  add_edit(plan, texts.configuration, running.configuration.key, *text);
  return plan;
}

Outcome<Plan> restore_coredns(const Running& running, const Texts& texts) {
  const auto corefile = corefile_of(running, texts);
  if (!corefile) return std::unexpected(corefile.error());
  const std::string name = place_of(texts.configuration, running.configuration.key);
  // Taking out must work whatever else stands there.
  const auto traits = traits_of(name, *corefile);
  Plan plan{.cluster_domain =
                traits ? first_of(traits->cluster_domains) : std::string(kDefaultDomain)};
  const auto bare = changed(name, *corefile, dns_stub::take_from_corefile);
  if (!bare) return std::unexpected(bare.error());
  add_edit(plan, texts.configuration, running.configuration.key, *bare);
  // Also where the import is no longer there: the file is ours by its first line.
  for (const auto& [directory, map] : texts.mounted) {
    for (const auto& [key, value] : map.data) {
      if (key.find("smic") != std::string::npos && dns_stub::has_block(value)) {
        add_edit(plan, map, key, std::nullopt);
      }
    }
  }
  return plan;
}

// ---- kube-dns -----------------------------------------------------------------------------------

Outcome<Plan> change_stub_domains(const Running& running, const Texts& texts,
                                  const Change& change) {
  Plan plan{.cluster_domain = running.configuration.cluster_domain.empty()
                                  ? std::string(kDefaultDomain)
                                  : running.configuration.cluster_domain};
  const std::string& key = running.configuration.key;
  const auto text = changed(place_of(texts.configuration, key),
                            value_of(texts.configuration, key).value_or(""), change);
  if (!text) return std::unexpected(text.error());
  const bool there = texts.configuration.find(key) != nullptr;
  const bool gone = text->empty() && (!there || !texts.configuration.find(key)->empty());
  add_edit(plan, texts.configuration, key, gone ? std::nullopt : Text(*text));
  return plan;
}

Outcome<Plan> add_to_kube_dns(const Running& running, const Texts& texts,
                              const dns_stub::Stub& stub) {
  auto plan = change_stub_domains(
      running, texts, [&](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
        return dns_stub::add_to_stub_domains(sources, id, stub, diagnostics);
      });
  if (!plan) return plan;
  if (const auto fits = fit_domain({plan->cluster_domain}, stub); !fits) {
    return std::unexpected(fits.error());
  }
  for (const std::string& zone : stub.zones) {
    if (plan->cluster_domain != zone && !plan->cluster_domain.ends_with('.' + zone)) continue;
    return refuse("the mesh's zone " + zone + " would take " + plan->cluster_domain +
                  " away from Kubernetes");
  }
  return plan;
}

}  // namespace

std::string Edit::place() const { return place_of(map, key); }

bool Texts::mention(const std::string& zone) const {
  const auto in = [&zone](const ConfigMap& map) {
    return std::ranges::any_of(map.data, [&zone](const auto& entry) {
      const std::string& text = entry.second;
      const bool ours = dns_stub::has_block(text) || text.find(".smic.invalid") != text.npos;
      return ours && (text.find(' ' + zone + ':') != text.npos ||
                      text.find('\n' + zone + ':') != text.npos ||
                      text.find('"' + zone + '"') != text.npos);
    });
  };
  return in(configuration) ||
         std::ranges::any_of(mounted, [&in](const auto& entry) { return in(entry.second); });
}

Outcome<Texts> read_texts(kube::Client& client, const Running& running) {
  const PodConfiguration& by = running.configuration;
  auto configuration = read_config_map(client, running.ns, by.config_map);
  if (!configuration) return std::unexpected(configuration.error());
  Texts texts{.configuration = std::move(*configuration)};
  if (texts.configuration.immutable) {
    return refuse("the ConfigMap " + running.ns + '/' + by.config_map + " is immutable");
  }
  for (const auto& [directory, name] : by.mounted) {
    if (name == by.config_map) continue;
    auto map = read_config_map(client, running.ns, name);
    if (!map) return std::unexpected(map.error());
    texts.mounted.emplace(directory, std::move(*map));
  }
  return texts;
}

Outcome<Plan> plan_to_add(const Running& running, const Texts& texts, const dns_stub::Stub& stub) {
  return running.configuration.kind == Kind::coredns ? add_to_coredns(running, texts, stub)
                                                     : add_to_kube_dns(running, texts, stub);
}

Outcome<Plan> plan_to_restore(const Running& running, const Texts& texts) {
  return running.configuration.kind == Kind::coredns
             ? restore_coredns(running, texts)
             : change_stub_domains(running, texts, dns_stub::take_from_stub_domains);
}

std::string difference(const Plan& plan) {
  std::string text;
  for (const Edit& edit : plan.edits) {
    text += dns_stub::difference(edit.place(), edit.before.value_or(""), edit.after.value_or(""));
  }
  return text;
}

}  // namespace smic::cluster_dns
