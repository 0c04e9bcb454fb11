// SPDX-License-Identifier: Apache-2.0
// The block, as it stands at a Corefile's beginning (behind its end there may be no line end, and a
// block without braces takes all that follows):
//
//   # BEGIN smic: names of the mesh are asked of smic-dns. `smic dns restore` takes this out.
//   mesh:53 shop.svc.cluster.local:53 {
//       errors
//       cache 30 {
//           serve_stale 1h verify
//       }
//       forward . 10.96.0.53
//   }
//   # END smic
//
// Never `loop`: seen, it ends CoreDNS where a responder's own resolver is CoreDNS. Ports are those
// of the block that answers for the root, in its own words ({$PORT} stays), and so is `bind`, since
// blocks of one port that bind differently are two servers. Old answers bridge a responder's
// absence; what is asked for first is asked of the responder (`verify`), since the other way, seen,
// one wrong address is given out after every change.
//
// Tested by edit_corefile_test.cpp; coredns_test.py has CoreDNS load every result.
#include <algorithm>
#include <ranges>

#include "controller/dns/corefile.h"
#include "controller/dns/dns_stub.h"

namespace smic::dns_stub {
namespace {

constexpr std::string_view kBegin = "# BEGIN smic";
constexpr std::string_view kBeginLine =
    "# BEGIN smic: names of the mesh are asked of smic-dns. `smic dns restore` takes this out.\n";
constexpr std::string_view kEnd = "# END smic";

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the line's end
};

// ---- the markers --------------------------------------------------------------------------------

// Lines that begin with `marker`; of the first two, since more is as wrong as two.
std::vector<Range> marker_lines(std::string_view text, std::string_view marker) {
  std::vector<Range> found;
  for (std::size_t at = 0; at < text.size() && found.size() < 2;) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (text.substr(at).starts_with(marker)) found.push_back({at, end});
    at = end;
  }
  return found;
}

// Our block, or an empty range; nothing if the markers are not one pair.
std::optional<Range> find_block(const Sources& sources, SourceId corefile,
                                Diagnostics& diagnostics) {
  const std::string_view text = sources.text(corefile);
  const auto begins = marker_lines(text, kBegin);
  const auto ends = marker_lines(text, kEnd);
  if (begins.empty() && ends.empty()) return Range{};
  if (begins.size() == 1 && ends.size() == 1 && begins[0].begin < ends[0].begin) {
    return Range{begins[0].begin, ends[0].end};
  }
  const std::size_t at = begins.empty() ? ends[0].begin : begins.back().begin;
  const auto line = static_cast<std::uint32_t>(std::ranges::count(text.substr(0, at), '\n') + 1);
  diagnostics.report("E81", {corefile, line, 1, static_cast<std::uint32_t>(kBegin.size())},
                     "the markers of smic's block are not one pair of BEGIN and END",
                     "take the block and its markers out by hand, then go on");
  return std::nullopt;
}

// ---- what the block must fit to -----------------------------------------------------------------

bool is_below(std::string_view name, std::string_view zone) {
  return name == zone || (name.size() > zone.size() && name.ends_with(zone) &&
                          name[name.size() - zone.size() - 1] == '.');
}

const Directive* find(const ServerBlock& block, std::string_view name) {
  const auto found = std::ranges::find(block.directives, name, [](const Directive& directive) {
    return std::string_view(directive.words.front().text);
  });
  return found == block.directives.end() ? nullptr : &*found;
}

class Surroundings {
 public:
  Surroundings(Corefile corefile, Range ours, const Stub& stub, Diagnostics& diagnostics)
      : corefile_(std::move(corefile)), stub_(stub), diagnostics_(diagnostics) {
    std::erase_if(corefile_.blocks, [ours](const ServerBlock& block) {
      const std::size_t at = block.keys.front().begin;
      return at >= ours.begin && at < ours.end;
    });
  }

  bool fits() {
    bool fits = true;
    for (const ServerBlock& block : corefile_.blocks) fits &= leaves_room(block);
    for (const Word& pattern : corefile_.imports) {
      if (std::ranges::find(corefile_.snippets, pattern.text) == corefile_.snippets.end()) continue;
      fits = refuse(pattern.span, "a snippet with server blocks is not understood here",
                    "write its blocks out where it is imported");
    }
    return fits;
  }

  // The block beside which ours stands: that of the root zone, else of Kubernetes' own.
  const ServerBlock* neighbour() const {
    for (const ServerBlock& block : corefile_.blocks) {
      if (!ports_of(block).empty()) return &block;
    }
    for (const ServerBlock& block : corefile_.blocks) {
      if (find(block, "kubernetes") != nullptr) return &block;
    }
    return nullptr;
  }

  // Of its keys for the root; of all, if it has none.
  static std::vector<std::string> ports_of(const ServerBlock& block, bool root_only = true) {
    std::vector<std::string> ports;
    for (const Word& word : block.keys) {
      const Key key = key_of(word.text);
      if (key.scheme != "dns" || (root_only && key.zone != ".")) continue;
      if (std::ranges::find(ports, key.port) == ports.end()) ports.push_back(key.port);
    }
    return ports;
  }

 private:
  bool refuse(const Span& span, std::string message, std::string help) {
    diagnostics_.report("E81", span, std::move(message), std::move(help));
    return false;
  }

  bool leaves_room(const ServerBlock& block) {
    if (!block.braces) {
      return refuse(block.keys.front().span,
                    "a server block without braces leaves no room beside it",
                    "put `{` behind its keys and `}` at the file's end");
    }
    bool fits = true;
    for (const Word& key : block.keys) fits &= leaves_room(key);
    if (const Directive* kubernetes = find(block, "kubernetes")) fits &= leaves_room(*kubernetes);
    return fits;
  }

  bool leaves_room(const Word& word) {
    const Key key = key_of(word.text);
    if (has_variable(key.zone)) {
      return refuse(word.span, "which zone `" + word.text + "` is cannot be told here",
                    "write the zone out, or hand the block over by an import");
    }
    const auto& zones = stub_.zones;
    if (key.scheme != "dns" || std::ranges::find(zones, key.zone) == zones.end()) return true;
    return refuse(word.span, "the zone `" + key.zone + "` is here already, and not by smic",
                  "CoreDNS would not start with it twice; take this one out, or name the mesh's "
                  "zone otherwise");
  }

  // A zone of ours at or above the cluster's own would take all of its names away.
  bool leaves_room(const Directive& kubernetes) {
    for (const Word& word : kubernetes.words) {
      const std::string served = key_of(word.text).zone;
      for (const std::string& zone : stub_.zones) {
        if (!is_below(served, zone)) continue;
        return refuse(
            word.span,
            "the mesh's zone `" + zone + "` would take `" + served + "` away from Kubernetes",
            "name a zone of its own, or a namespace's: NAMESPACE.svc." + served);
      }
    }
    return true;
  }

  Corefile corefile_;
  const Stub& stub_;
  Diagnostics& diagnostics_;
};

// ---- the block ----------------------------------------------------------------------------------

std::string block_text(std::string_view text, const Stub& stub, const ServerBlock& neighbour) {
  std::vector<std::string> ports = Surroundings::ports_of(neighbour);
  if (ports.empty()) ports = Surroundings::ports_of(neighbour, false);
  std::string block(kBeginLine);
  for (const std::string& zone : stub.zones) {
    for (const std::string& port : ports) block += zone + ':' + port + ' ';
  }
  block += "{\n    errors\n";
  if (const Directive* bind = find(neighbour, "bind")) {
    const std::size_t begin = bind->words.front().begin;
    block += "    " + std::string(text.substr(begin, bind->words.back().end - begin)) + '\n';
  }
  block += "    cache 30 {\n        serve_stale 1h";
  block += stub.verify_stale ? " verify\n    }\n" : "\n    }\n";
  block += "    forward .";
  for (const std::string& responder : stub.responders) block += ' ' + responder;
  return block + "\n}\n" + std::string(kEnd) + '\n';
}

struct Plan {
  Range old;
  std::string block;
};

std::optional<Plan> plan(const Sources& sources, SourceId corefile, const Stub& stub,
                         Diagnostics& diagnostics) {
  if (const auto wrong = check(stub)) {
    diagnostics.report("E81", {corefile}, *wrong);
    return std::nullopt;
  }
  const auto old = find_block(sources, corefile, diagnostics);
  if (!old) return std::nullopt;
  auto parsed = parse_corefile(sources, corefile, diagnostics);
  if (!parsed) return std::nullopt;
  Surroundings around(std::move(*parsed), *old, stub, diagnostics);
  if (!around.fits()) return std::nullopt;
  const ServerBlock* neighbour = around.neighbour();
  if (neighbour == nullptr || Surroundings::ports_of(*neighbour, false).empty()) {
    diagnostics.report("E81", {corefile},
                       "no server block answers for the root zone or for Kubernetes, so that it "
                       "is not clear where this DNS listens");
    return std::nullopt;
  }
  return Plan{*old, block_text(sources.text(corefile), stub, *neighbour)};
}

// Does CoreDNS see our zones, each once?
bool reads_back(const std::string& text, const Stub& stub) {
  Sources sources;
  const SourceId id = sources.add("Corefile", text);
  Diagnostics diagnostics(sources);
  const auto parsed = parse_corefile(sources, id, diagnostics);
  const auto has_all = [&stub](const ServerBlock& block) {
    return std::ranges::all_of(stub.zones, [&block](const std::string& zone) {
      return std::ranges::any_of(
          block.keys, [&zone](const Word& key) { return key_of(key.text).zone == zone; });
    });
  };
  return parsed && std::ranges::count_if(parsed->blocks, has_all) == 1;
}

}  // namespace

bool has_block(std::string_view corefile) { return !marker_lines(corefile, kBegin).empty(); }

std::optional<std::string> add_to_corefile(const Sources& sources, SourceId corefile,
                                           const Stub& stub, Diagnostics& diagnostics) {
  const auto wanted = plan(sources, corefile, stub, diagnostics);
  if (!wanted) return std::nullopt;
  std::string text(sources.text(corefile));
  text.replace(wanted->old.begin, wanted->old.end - wanted->old.begin, wanted->block);
  if (reads_back(text, stub)) return text;
  // Markers within a quoted word, or between a block's braces: our lines are nobody's block there.
  diagnostics.report("E81", {corefile}, "the lines between smic's markers are no block",
                     "take the markers and what is between them out by hand, then go on");
  return std::nullopt;
}

std::optional<std::string> take_from_corefile(const Sources& sources, SourceId corefile,
                                              Diagnostics& diagnostics) {
  const auto old = find_block(sources, corefile, diagnostics);
  if (!old) return std::nullopt;
  std::string text(sources.text(corefile));
  return text.erase(old->begin, old->end - old->begin);
}

std::vector<ImportHook> import_hooks(const Sources& sources, SourceId corefile) {
  std::vector<ImportHook> hooks;
  Diagnostics unheard(sources);
  const auto parsed = parse_corefile(sources, corefile, unheard);
  if (!parsed) return hooks;
  for (const Word& pattern : parsed->imports) {
    const std::string_view text = pattern.text;
    const std::string_view name = text.substr(text.rfind('/') + 1);
    const std::size_t star = name.find('*');
    if (star == std::string_view::npos ||
        text.find_first_of("*?[") < text.size() - name.size() + star ||
        name.find_first_of("*?[", star + 1) != std::string_view::npos || has_variable(text)) {
      continue;
    }
    const std::size_t slash = text.size() - name.size();
    hooks.push_back(
        {std::string(text.substr(0, slash == 0 ? 0 : slash - 1)),
         std::string(name.substr(0, star)) + "smic" + std::string(name.substr(star + 1))});
  }
  return hooks;
}

std::optional<Traits> traits_of(const Sources& sources, SourceId corefile,
                                Diagnostics& diagnostics) {
  const auto parsed = parse_corefile(sources, corefile, diagnostics);
  if (!parsed) return std::nullopt;
  Traits traits;
  for (const ServerBlock& block : parsed->blocks) {
    // What is imported into a block is not known here, and may have it.
    traits.reloads |= find(block, "reload") != nullptr || find(block, "import") != nullptr;
    const Directive* kubernetes = find(block, "kubernetes");
    if (kubernetes == nullptr) continue;
    for (const Word& word : kubernetes->words | std::views::drop(1)) {
      if (word.text == "{") break;
      const std::string zone = key_of(word.text).zone;
      if (!zone.ends_with(".arpa")) traits.cluster_domains.push_back(zone);
    }
  }
  return traits;
}

std::optional<std::string> custom_file(const Sources& sources, SourceId corefile, const Stub& stub,
                                       Diagnostics& diagnostics) {
  auto wanted = plan(sources, corefile, stub, diagnostics);
  if (!wanted) return std::nullopt;
  return std::move(wanted->block);
}

}  // namespace smic::dns_stub
