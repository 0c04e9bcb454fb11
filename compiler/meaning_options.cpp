// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/compile/meaning_options_test.cpp, which holds docs/decisions.md to it.
#include "compiler/meaning_options.h"

#include <algorithm>

namespace smic {
namespace {

bool is_token(std::string_view text) {  // RFC 9110 §5.6.2
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.contains(c);
  });
}

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  return text;
}

// `get` would be a method of its own, which nobody means.
Taken check_extensions(const resources::Methods& methods) {
  for (const std::string& method : methods) {
    if (!is_token(method) || method == "*") return UsageError("'" + method + "' is no method");
    if (std::ranges::find(resources::kMethods, in_capitals(method)) != resources::kMethods.end()) {
      return UsageError("'" + method + "' is known already");
    }
  }
  return {};
}

Option extension_methods(resources::Methods& target) {
  Option option = words("--extension-methods", "METHOD,...", target,
                        "methods that matches may name beside SMI's, such as PURGE\n"
                        "(default: none, E04)");
  option.take = [take = std::move(option.take), &target](const std::string& given) -> Taken {
    if (Taken taken = take(given); !taken) return taken;
    return check_extensions(target);
  };
  return option;
}

}  // namespace

void add_meaning_options(model::Options& target, std::vector<Option>& options) {
  using contract::SplitShares;
  using ir::AccessMode;
  using model::HeaderMatch;
  std::vector<Option> meaning{
      choice<AccessMode>("--access",
                         {{"enforce", AccessMode::enforce}, {"permissive", AccessMode::permissive}},
                         target.access,
                         "who may call where no TrafficTarget allows it: nobody, or\n"
                         "everybody; a namespace's label smic.dev/access wins\n"
                         "(default: enforce)"),
      flag("--allow-foreign-destination", target.allow_foreign_destination,
           "a TrafficTarget may open pods of another namespace (E10)"),
      flag("--allow-self-reference", target.allow_self_reference,
           "a TrafficSplit may send a share to its own root (E14), as\n"
           "Argo Rollouts has it"),
      choice<HeaderMatch>("--header-match",
                          {{"full", HeaderMatch::full}, {"search", HeaderMatch::search}},
                          target.header_match,
                          "a header's pattern must match the whole value, or, as in\n"
                          "Traefik Mesh, any part of it (default: full)"),
      choice<SplitShares>(
          "--split-shares",
          {{"redistribute", SplitShares::redistribute}, {"strict", SplitShares::strict}},
          target.split_shares,
          "the share of a backend without ready endpoints goes to the\n"
          "others, or is answered 503; a Service's annotation\n"
          "smic.dev/split-shares wins (default: redistribute)"),
      extension_methods(target.extension_methods),
      text("--cluster-domain", "DOMAIN", target.cluster_domain,
           "of long service names (default: cluster.local)"),
      text("--trust-domain", "DOMAIN", target.trust_domain,
           "of SPIFFE IDs (default: cluster.local)")};
  options.insert(options.end(), meaning.begin(), meaning.end());
}

void add_scope_options(model::Options& target, const std::string& standard,
                       std::vector<Option>& options) {
  options.push_back(words("--include", "PATTERN,...", target.include,
                          "meshed: namespaces (team-*) or Services (shop/web-*), where no\n"
                          "smic.dev/mesh says it (default: all)"));
  options.push_back(words("--exclude", "PATTERN,...", target.exclude,
                          "not meshed, whatever --include says (default: " + standard));
}

std::vector<std::string> system_services() {
  return {"kube-system", "kube-public", "kube-node-lease", "default/kubernetes"};
}

}  // namespace smic
