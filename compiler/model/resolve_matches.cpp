// SPDX-License-Identifier: Apache-2.0
// HTTPRouteGroups to matches with ids. A match whose regular expression cannot be used (E03) gets
// no id: whoever selects it gets one condition less in an OR, which can only make an access rule
// stricter. The group keeps its place, so that selecting nothing but broken matches means "never",
// not "always".
//
// INVARIANT: every pattern in RouteGroups::matches passed automata::check_alone.
#include "compiler/automata/automata.h"
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

using automata::Anchor;

// A path starts with "/". Patterns that start with a letter are a common slip; what the first
// element means exactly is not asked, so anything but a plain first character is believed.
bool can_never_match(std::string_view path_regex) {
  constexpr std::string_view kMayStart = "/.([^\\?*+|";
  const bool optional_first =
      path_regex.size() > 1 && std::string_view("?*{|").contains(path_regex[1]);
  return !kMayStart.contains(path_regex[0]) && !optional_first && !path_regex.contains('|');
}

// What stands around a header's pattern so that it matches any part of the value. Bytes, not
// characters: a header need not be UTF-8.
constexpr std::string_view kAnythingBefore = "\\C*(?:";
constexpr std::string_view kAnythingAfter = ")\\C*";

class MatchResolver {
 public:
  MatchResolver(RouteGroups& groups, HeaderMatch header_match, Diagnostics& diagnostics)
      : groups_(groups), search_(header_match == HeaderMatch::search), diagnostics_(diagnostics) {}

  RouteGroup group(const resources::HttpRouteGroup& object) {
    RouteGroup group{&object, {}, {}};
    for (const resources::HttpMatch& written : object.matches) {
      group.by_name.emplace(written.name.value, group.matches.size());
      group.matches.push_back(resolve(object, written));
    }
    return group;
  }

 private:
  std::optional<MatchId> resolve(const resources::HttpRouteGroup& object,
                                 const resources::HttpMatch& written) {
    ir::Match match;
    set_methods(written, match);
    match.origin = origin_of("HTTPRouteGroup", object.meta, written.span, diagnostics_.sources());
    bool usable = true;
    if (written.path_regex && !written.path_regex->value.empty()) {
      match.path = written.path_regex->value;
      usable = check(*written.path_regex, *match.path, Anchor::start);
      if (usable) warn_if_never(*written.path_regex);
    }
    for (const resources::HeaderCondition& header : written.headers) {
      match.headers.push_back({header.name.value, header_pattern(header.regex.value)});
      // Every mistake is told, not only the first.
      usable = check(header.regex, match.headers.back().regex, Anchor::both) && usable;
    }
    if (!usable) return std::nullopt;
    groups_.matches.push_back(std::move(match));
    groups_.written.push_back(&written);
    return MatchId(groups_.matches.size() - 1);
  }

  // Extension methods are told apart by their text: `{ GET, other }` and the header `:method`
  // `GET|PURGE` together are GET and PURGE (D-29).
  static void set_methods(const resources::HttpMatch& written, ir::Match& match) {
    if (written.methods.empty()) return;
    ir::MethodSet set = 0;
    std::string texts;
    for (const resources::Text& method : written.methods) {
      if (method.value == "*") return;
      set |= ir::method_bit(ir::method_from_name(method.value).value_or(ir::Method::kOther));
      texts += (texts.empty() ? "" : "|") + literal(method.value);
    }
    match.methods = set;
    if (set & ir::method_bit(ir::Method::kOther)) {
      match.headers.push_back({std::string(ir::kMethodHeader), std::move(texts)});
    }
  }

  // A pattern of exactly this token.
  static std::string literal(std::string_view token) {
    std::string pattern;
    for (const char c : token) {
      if (std::string_view("$*+.^|").contains(c)) pattern += '\\';
      pattern += c;
    }
    return pattern;
  }

  // A pattern that is wrong by itself stays as it is, so that what is said of it is about it: in
  // brackets, `a)(b` would be right.
  std::string header_pattern(const std::string& written) {
    if (!search_ || mistake_in(written, Anchor::both)) return written;
    return std::string(kAnythingBefore) + written + std::string(kAnythingAfter);
  }

  const std::optional<automata::SyntaxError>& mistake_in(const std::string& pattern,
                                                         Anchor anchor) {
    const auto [known, is_new] = checked_[anchor == Anchor::both].try_emplace(pattern);
    if (is_new) known->second = automata::mistake_in(pattern, anchor);
    return known->second;
  }

  // `meant` is what becomes of the pattern as written.
  bool check(const resources::Text& written, const std::string& meant, Anchor anchor) {
    const std::optional<automata::SyntaxError>& mistake = mistake_in(meant, anchor);
    if (!mistake) return true;
    const bool as_written = meant == written.value;
    diagnostics_.report("E03",
                        as_written ? resources::inside(diagnostics_.sources(), written,
                                                       mistake->offset, mistake->length)
                                   : written.span,
                        mistake->message, mistake->help);
    return false;
  }

  void warn_if_never(const resources::Text& pattern) {
    const std::string& text = pattern.value;
    if (!can_never_match(text)) return;
    diagnostics_.report(
        "W17", pattern.span,
        "path pattern `" + text + "` can never match, since every path starts with `/`",
        "write `/" + text + "`, or `.*" + text + "` for any place in the path");
  }

  RouteGroups& groups_;
  bool search_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string, std::optional<automata::SyntaxError>> checked_[2];
};

// Groups can be large and wrong names many: only groups that a person would read are searched.
std::string suggest_match(const RouteGroup& group, std::string_view name) {
  constexpr std::size_t kMaxSearched = 200;
  if (group.object->matches.size() > kMaxSearched) return {};
  std::vector<std::string> names;
  for (const resources::HttpMatch& match : group.object->matches) names.push_back(match.name.value);
  return suggest(name, names);
}

}  // namespace

RouteGroups resolve_matches(const resources::Set& set, const Options& options,
                            Diagnostics& diagnostics) {
  RouteGroups groups(options);
  groups.may_be_selected = options.limits.selected_matches;
  MatchResolver resolver(groups, options.header_match, diagnostics);
  for (const resources::HttpRouteGroup& object : set.http_route_groups) {
    groups.names.add(name_of(object.meta));
    groups.by_name.emplace(name_of(object.meta), resolver.group(object));
  }
  return groups;
}

bool RouteGroups::spend(std::size_t count, Span span, Diagnostics& diagnostics) {
  if (count <= may_be_selected) {
    may_be_selected -= count;
    return true;
  }
  diagnostics.report(
      "W57", span, "the rules up to this one select too many matches together, so it selects none",
      "select matches by name, or fewer groups");
  return false;
}

std::vector<MatchId> all_matches(const RouteGroup& group) {
  std::vector<MatchId> ids;
  for (const auto& id : group.matches) {
    if (id) ids.push_back(*id);
  }
  return ids;
}

std::vector<MatchId> select_matches(const RouteGroup& group, const resources::Rule& rule,
                                    Diagnostics& diagnostics) {
  if (rule.matches.empty()) return all_matches(group);
  std::vector<MatchId> ids;
  for (const resources::Text& name : rule.matches) {
    const auto found = group.by_name.find(name.value);
    if (found != group.by_name.end()) {
      if (const auto& id = group.matches[found->second]) ids.push_back(*id);
      continue;
    }
    diagnostics.report("W02", name.span,
                       "HTTPRouteGroup `" + rule.name.value + "` has no match named `" +
                           name.value + "`, so this name allows nothing",
                       suggest_match(group, name.value));
  }
  return ids;
}

bool has_prefix_surprise(std::string_view path_regex) {
  if (path_regex.size() < 2 || can_never_match(path_regex)) return false;
  const char last = path_regex.back();
  const bool escaped = path_regex[path_regex.size() - 2] == '\\';
  const bool literal = (last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z') ||
                       (last >= '0' && last <= '9') || last == '-' || last == '_';
  return literal && !escaped;
}

}  // namespace smic::model
