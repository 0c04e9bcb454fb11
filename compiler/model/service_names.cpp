// SPDX-License-Identifier: Apache-2.0
#include "compiler/model/stages.h"

namespace smic::model {

std::optional<std::string_view> bare_service_name(const resources::Text& written,
                                                  std::string_view ns, const Options& options,
                                                  Diagnostics& diagnostics) {
  std::string_view text = written.value;
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::size_t dot = text.find('.');
  const std::string_view name = text.substr(0, dot);
  const std::string_view rest = dot == text.npos ? std::string_view() : text.substr(dot + 1);

  const std::string own(ns);
  const bool accepted = dot == text.npos || rest == own || rest == own + ".svc" ||
                        rest == own + ".svc." + options.cluster_domain;
  if (accepted && !name.empty()) return name;

  const std::string_view other_ns = rest.substr(0, rest.find('.'));
  const std::string_view domain = rest.substr(std::min(rest.size(), other_ns.size()));
  const bool foreign = other_ns != ns && (domain.empty() || domain == ".svc" ||
                                          domain == ".svc." + options.cluster_domain);
  diagnostics.report(
      "E15", written.span,
      foreign && !name.empty() && !other_ns.empty()
          ? "Service `" + written.value + "` is in another namespace than its TrafficSplit, `" +
                own + "`"
          : "`" + written.value + "` is not a form of a Service's name",
      "a TrafficSplit's root and backends are Services of its own namespace: `NAME` or `NAME." +
          own + ".svc." + options.cluster_domain + "`");
  return std::nullopt;
}

}  // namespace smic::model
