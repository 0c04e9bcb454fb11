// SPDX-License-Identifier: Apache-2.0
#include "controller/api/judge.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "compiler/resources/documents.h"
#include "compiler/resources/resources.h"
#include "controller/api/json_slices.h"

namespace smic::api {
namespace {

using resources::Node;
using resources::NodeKind;

// W-codes about the object itself; the others depend on what else there is.
constexpr std::array<std::string_view, 7> kOwnWarnings = {"W03", "W05", "W09", "W15",
                                                          "W16", "W17", "W18"};

bool is_own(std::string_view code) {
  return std::ranges::find(kOwnWarnings, code) != kOwnWarnings.end();
}

// ---- where in the object ------------------------------------------------------------------------

bool covers(const Span& node, const Span& place) {
  return node.line == place.line && node.column <= place.column &&
         place.column < node.column + std::max(node.length, 1u);
}

// The path of the value, or of the key, that stands at a place. A container begins where its first
// key does: there the container is meant, but for fields that mean nothing, where the key is.
class PathFinder {
 public:
  PathFinder(const Span& place, bool keys) : place_(place), keys_(keys) {}

  std::string find(const Node& root) {
    visit(root);
    return found_;
  }

 private:
  // As deep as resources::limits::kDepth.
  void visit(const Node& node) {
    std::size_t index = 0;
    for (const resources::Entry& entry : node.entries) {
      const std::size_t size = path_.size();
      if (entry.key != nullptr) {
        path_ += (path_.empty() ? "" : ".") + std::string(entry.key->text);
        const bool first_of_it = entry.key->span == node.span;
        if (covers(entry.key->span, place_) && (keys_ || !first_of_it)) found_ = path_;
      } else {
        path_ += '[' + std::to_string(index) + ']';
      }
      if (covers(entry.value->span, place_)) found_ = path_;
      visit(*entry.value);
      path_.resize(size);
      ++index;
    }
  }

  const Span& place_;
  bool keys_;
  std::string path_, found_;
};

std::string path_of(const Diagnostic& diagnostic, Diagnostics& scratch) {
  std::string path;
  resources::read_source(scratch, diagnostic.span.source, [&](const Node& root) {
    path = PathFinder(diagnostic.span, diagnostic.code == "W15").find(root);
  });
  return path;
}

// ---- what ---------------------------------------------------------------------------------------

// Services for a split to be judged with: that they are missing is not its mistake.
void stand_in_for_services(resources::Set& set) {
  for (const resources::TrafficSplit& split : set.traffic_splits) {
    std::vector<std::string> names{split.service.value};
    for (const auto& backend : split.backends) names.push_back(backend.service.value);
    for (std::string& name : names) {
      resources::Service service;
      service.meta.name.value = name.substr(0, name.find('.'));
      service.meta.ns = split.meta.ns;
      service.cluster_ip = "None";
      service.ports.push_back({.port = {80, {}}});
      set.services.push_back(std::move(service));
    }
  }
}

std::string line_of(const Diagnostic& diagnostic, Diagnostics& scratch) {
  const std::string path = path_of(diagnostic, scratch);
  std::string line = (path.empty() ? "" : path + ": ") + diagnostic.message;
  if (!diagnostic.help.empty()) line += " (" + diagnostic.help + ")";
  return line + " [" + diagnostic.code + "]";
}

// ---- beside others ------------------------------------------------------------------------------

std::optional<Written> written(const std::string& object) {
  const auto members = json_members(object);
  const auto metadata = members ? json_members(find(*members, "metadata")) : std::nullopt;
  if (!metadata) return std::nullopt;
  const auto kind = json_text(find(*members, "kind"));
  const auto ns = json_text(find(*metadata, "namespace")),
             name = json_text(find(*metadata, "name"));
  if (!kind || !ns || !name) return std::nullopt;
  return Written{*kind, *ns, *name, std::make_shared<const std::string>(object)};
}

// In the words of what is in force. A mistake that only others make of it is a warning, too.
void add_what_is_said_in_mesh(const std::string& object, SourceId source, const InMesh& in_mesh,
                              Diagnostics& warnings) {
  const auto of = written(object);
  if (!of) return;
  auto said = in_mesh(*of);
  if (!said) return;
  for (Diagnostic& each : *said) {
    if (each.severity == Severity::note) continue;
    each.span.source = source;
    warnings.report(each);
  }
}

}  // namespace

Judgement judge(const std::string& object, const model::Options& options, const InMesh& in_mesh) {
  Sources sources;
  const SourceId source = sources.add("object.json", object);
  Diagnostics diagnostics(sources), warnings(sources), scratch(sources);
  resources::Set set = resources::decode(sources, diagnostics, options.extension_methods);
  stand_in_for_services(set);
  model::resolve(set, options, diagnostics);
  Judgement judgement;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    if (diagnostic.severity == Severity::error) {
      judgement.mistakes.push_back(line_of(diagnostic, scratch));
    } else if (is_own(diagnostic.code)) {
      warnings.report(diagnostic);
    }
  }
  // From here on nothing refuses it.
  if (in_mesh && judgement.mistakes.empty()) {
    add_what_is_said_in_mesh(object, source, in_mesh, warnings);
  }
  for (const Diagnostic& warning : warnings.sorted()) {
    judgement.warnings.push_back(line_of(warning, scratch));
  }
  return judgement;
}

}  // namespace smic::api
