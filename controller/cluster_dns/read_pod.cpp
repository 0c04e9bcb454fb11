// SPDX-License-Identifier: Apache-2.0
// Tested by read_pod_test.cpp on pods as the distributions make them.
#include "controller/cluster_dns/read_pod.h"

#include <boost/json.hpp>
#include <optional>
#include <vector>

namespace smic::cluster_dns {
namespace {

namespace json = boost::json;

const json::value kNothing;

// "" and an empty list for what is not there or is something else.
const json::value& at(const json::value& value, std::string_view pointer) {
  json::error_code error;
  const json::value* found = value.find_pointer(pointer, error);
  return found == nullptr ? kNothing : *found;
}

std::string text_at(const json::value& value, std::string_view pointer) {
  const json::value& found = at(value, pointer);
  return found.is_string() ? std::string(found.get_string()) : std::string();
}

const json::array& list_at(const json::value& value, std::string_view pointer) {
  static const json::array kNone;
  const json::value& found = at(value, pointer);
  return found.is_array() ? found.get_array() : kNone;
}

std::vector<std::string> words_of(const json::value& container) {
  std::vector<std::string> words;
  for (const std::string_view list : {"/command", "/args"}) {
    for (const json::value& word : list_at(container, list)) {
      if (word.is_string()) words.emplace_back(word.get_string());
    }
  }
  return words;
}

// "-conf X", "-conf=X", with one dash or two: what Go's flags take.
std::optional<std::string> argument(const std::vector<std::string>& words, std::string_view name) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with('-')) continue;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    if (word == name) return i + 1 < words.size() ? std::optional(words[i + 1]) : std::nullopt;
    if (word.starts_with(name) && word.substr(name.size()).starts_with('=')) {
      return std::string(word.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool is_within(std::string_view path, std::string_view directory) {
  return path == directory || (path.starts_with(directory) &&
                               (directory.ends_with('/') || path[directory.size()] == '/'));
}

// The mount that a path of the container lies in: the longest one.
const json::value* mount_of(const json::value& container, std::string_view path) {
  const json::value* best = nullptr;
  std::size_t length = 0;
  for (const json::value& mount : list_at(container, "/volumeMounts")) {
    const std::string at_path = without_slash(text_at(mount, "/mountPath"));
    if (at_path.empty() || !is_within(path, at_path) || at_path.size() < length) continue;
    best = &mount;
    length = at_path.size();
  }
  return best;
}

const json::value* volume_of(const json::value& pod, std::string_view name) {
  for (const json::value& volume : list_at(pod, "/spec/volumes")) {
    if (text_at(volume, "/name") == name) return &volume;
  }
  return nullptr;
}

// A volume is of ConfigMaps directly, or projected from several sources.
std::vector<const json::value*> config_maps_of(const json::value& volume) {
  std::vector<const json::value*> maps;
  if (const json::value& map = at(volume, "/configMap"); map.is_object()) maps.push_back(&map);
  for (const json::value& source : list_at(volume, "/projected/sources")) {
    if (const json::value& map = at(source, "/configMap"); map.is_object()) maps.push_back(&map);
  }
  return maps;
}

// The key that is the file `path` of a volume; nothing if this ConfigMap does not bring it.
std::optional<std::string> key_of_file(const json::value& map, const std::string& path) {
  if (!at(map, "/items").is_array()) {
    return path.find('/') == std::string::npos ? std::optional(path) : std::nullopt;
  }
  for (const json::value& item : list_at(map, "/items")) {
    if (text_at(item, "/path") == path) return text_at(item, "/key");
  }
  return std::nullopt;
}

std::string told(const json::value& pod) { return "pod " + text_at(pod, "/metadata/name"); }

struct File {
  std::string config_map;
  std::string key;
};

Outcome<File> find_file(const json::value& pod, const json::value& container,
                        const std::string& path) {
  const json::value* mount = mount_of(container, path);
  const json::value* volume = mount == nullptr ? nullptr : volume_of(pod, text_at(*mount, "/name"));
  if (volume == nullptr) return refuse(told(pod) + ": " + path + " is in no volume");
  if (!text_at(*mount, "/subPath").empty() || !text_at(*mount, "/subPathExpr").empty()) {
    return refuse(told(pod) + ": " + path +
                  " is mounted by subPath, so that a running pod never sees a change");
  }
  const std::string directory = without_slash(text_at(*mount, "/mountPath"));
  const std::string below = path.size() > directory.size() ? path.substr(directory.size() + 1) : "";
  const auto maps = config_maps_of(*volume);
  for (const json::value* map : maps) {
    if (const auto key = key_of_file(*map, below)) return File{text_at(*map, "/name"), *key};
  }
  return refuse(told(pod) + ": " + path +
                (maps.empty() ? " does not come from a ConfigMap" : " is none of its ConfigMap's"));
}

std::map<std::string, std::string> whole_mounts(const json::value& pod,
                                                const json::value& container) {
  std::map<std::string, std::string> mounted;
  for (const json::value& mount : list_at(container, "/volumeMounts")) {
    if (!text_at(mount, "/subPath").empty() || !text_at(mount, "/subPathExpr").empty()) continue;
    const json::value* volume = volume_of(pod, text_at(mount, "/name"));
    if (volume == nullptr) continue;
    for (const json::value* map : config_maps_of(*volume)) {
      if (at(*map, "/items").is_array()) continue;
      mounted.emplace(without_slash(text_at(mount, "/mountPath")), text_at(*map, "/name"));
    }
  }
  return mounted;
}

Outcome<PodConfiguration> coredns(const json::value& pod, const json::value& container,
                                  const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/')) {
    return refuse(told(pod) + ": where its Corefile `" + path + "` is depends on its image");
  }
  const auto file = find_file(pod, container, path);
  if (!file) return std::unexpected(file.error());
  return PodConfiguration{.kind = Kind::coredns,
                          .config_map = file->config_map,
                          .key = file->key,
                          .directory = path.substr(0, slash),
                          .mounted = whole_mounts(pod, container)};
}

constexpr std::string_view kStubDomains = "stubDomains";

Outcome<PodConfiguration> kube_dns(const json::value& pod, const json::value& container,
                                   const std::vector<std::string>& words) {
  PodConfiguration found{.kind = Kind::kube_dns, .key = std::string(kStubDomains)};
  found.cluster_domain = argument(words, "domain").value_or("");
  while (found.cluster_domain.ends_with('.')) found.cluster_domain.pop_back();
  if (const auto name = argument(words, "config-map"); name && !name->empty()) {
    found.config_map = *name;
    return found;
  }
  const std::string path =
      without_slash(argument(words, "config-dir").value_or("")) + '/' + found.key;
  const auto file = find_file(pod, container, path);
  if (!file) return std::unexpected(file.error());
  found.config_map = file->config_map;
  found.key = file->key;
  return found;
}

}  // namespace

Outcome<PodConfiguration> read_pod(std::string_view text) {
  json::error_code error;
  const json::value pod = json::parse(text, error);
  if (error) return refuse("a pod that is no JSON");
  for (const json::value& container : list_at(pod, "/spec/containers")) {
    const std::vector<std::string> words = words_of(container);
    if (const auto path = argument(words, "conf")) return coredns(pod, container, *path);
    if (argument(words, "config-dir") || argument(words, "config-map")) {
      return kube_dns(pod, container, words);
    }
  }
  return refuse(told(pod) +
                " runs neither CoreDNS (with -conf FILE) nor kube-dns (with --config-dir or "
                "--config-map)");
}

}  // namespace smic::cluster_dns
