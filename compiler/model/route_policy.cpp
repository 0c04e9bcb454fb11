// SPDX-License-Identifier: Apache-2.0
// A Service's annotations to its route policy. What Traefik Mesh took silently or broke on is told:
// a value out of range changes nothing (W53), one that has no port to act on too (W60), and what
// the proxy cannot do yet is said instead of pretended (W61).
//
// Tested by tests/unit/model/route_policy_test.cpp and tests/golden/policy-*.
#include <algorithm>
#include <charconv>

#include "compiler/model/annotations.h"
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

using contract::BreakerExpression;
using contract::RateLimit;
using contract::RateScope;
using contract::Scheme;
using contract::SplitShares;

constexpr std::string_view kAboutDurations =
    "write a number and a unit from `1ms` to `24h`, like `500ms`, `1.5s` or `5m`";

std::optional<std::uint32_t> number_from(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value == 0 || value > most) return std::nullopt;
  return value;
}

class PolicyReader {
 public:
  PolicyReader(const resources::Metadata& meta, Diagnostics& diagnostics)
      : meta_(meta), diagnostics_(diagnostics) {}

  ir::RoutePolicy read() {
    ir::RoutePolicy policy;
    policy.scheme =
        setting<Scheme>("scheme", contract::scheme_from, "write `http`, `h2c` or `https`");
    policy.request_timeout = setting<std::chrono::milliseconds>(
        "request-timeout", contract::duration_from, kAboutDurations);
    policy.idle_timeout = setting<std::chrono::milliseconds>(
        "idle-timeout", contract::duration_from, kAboutDurations);
    policy.retry_attempts = setting<std::uint32_t>(
        "retry-attempts",
        [](std::string_view text) { return number_from(text, contract::kMaxRetryAttempts); },
        "write how often a request is tried in all, 1 to 10: `2` is one retry");
    policy.rate_limit = rate_limit();
    policy.circuit_breaker = circuit_breaker();
    policy.split_shares = setting<SplitShares>("split-shares", contract::split_shares_from,
                                               "write `strict` or `redistribute`");
    return policy;
  }

 private:
  template <class T, class Parse>
  contract::Optional<T> setting(std::string_view name, Parse parse, std::string_view help) {
    const auto written = find_annotation(meta_, name);
    if (!written) return std::nullopt;
    if (const std::optional<T> value = parse(std::string_view(written->value.value))) {
      return contract::Setting<T>{*value, origin(*written)};
    }
    refuse(*written, written->value.span, "is no value for it", help);
    return std::nullopt;
  }

  contract::Optional<RateLimit> rate_limit() {
    const auto rate = [](std::string_view text) { return number_from(text, contract::kMaxRate); };
    constexpr std::string_view kHelp = "write a whole number from 1 to 1000000";
    const auto average = setting<std::uint32_t>("ratelimit-average", rate, kHelp);
    const auto burst = setting<std::uint32_t>("ratelimit-burst", rate, kHelp);
    const auto scope = setting<RateScope>("ratelimit-scope", contract::rate_scope_from,
                                          "write `source` or `service`");
    if (!average) {
      tell_useless_without_average("ratelimit-burst");
      tell_useless_without_average("ratelimit-scope");
      return std::nullopt;
    }
    return contract::Setting<RateLimit>{{average->value, burst ? burst->value : average->value,
                                         scope ? scope->value : RateScope::source},
                                        average->origin};
  }

  void tell_useless_without_average(std::string_view name) {
    const auto written = find_annotation(meta_, name);
    if (!written || find_annotation(meta_, "ratelimit-average")) return;
    refuse(*written, written->value.span, "limits nothing without `smic.dev/ratelimit-average`",
           "add the number of requests per second");
  }

  contract::Optional<BreakerExpression> circuit_breaker() {
    const auto written = find_annotation(meta_, "circuit-breaker-expression");
    if (!written) return std::nullopt;
    auto expression = BreakerExpression::parse(written->value.value);
    if (expression) {
      return contract::Setting<BreakerExpression>{std::move(*expression), origin(*written)};
    }
    const contract::BreakerMistake& mistake = expression.error();
    refuse(*written,
           resources::inside(diagnostics_.sources(), written->value, mistake.offset,
                             std::max<std::size_t>(mistake.length, 1)),
           mistake.message, mistake.help);
    return std::nullopt;
  }

  // "`smic.dev/retry-attempts: 0` of Service `web` is …, so it changes nothing"
  void refuse(const Annotated& written, const Span& span, std::string_view why,
              std::string_view help) {
    diagnostics_.report("W53", span,
                        "`" + written.key + ": " + written.value.value + "` of Service `" +
                            meta_.name.value + "` " + std::string(why) + ", so it changes nothing",
                        std::string(help));
  }

  ir::Origin origin(const Annotated& written) const {
    return origin_of("Service", meta_, written.value.span, diagnostics_.sources());
  }

  const resources::Metadata& meta_;
  Diagnostics& diagnostics_;
};

void tell(std::string code, const resources::Metadata& meta, std::string_view name,
          const std::string& why, std::string help, Diagnostics& diagnostics) {
  const auto written = find_annotation(meta, name);
  diagnostics.report(std::move(code), written->value.span,
                     "`" + written->key + ": " + written->value.value + "` of Service `" +
                         meta.name.value + "` " + why,
                     std::move(help));
}

// W60: which of the settings act on nothing, by the annotation that each comes from.
void check_ports(const resources::Metadata& meta, const std::vector<ServicePort>& ports,
                 const ir::RoutePolicy& policy, Diagnostics& diagnostics) {
  const auto carries = [&](ir::Protocol protocol) {
    return ports.empty() ||
           std::ranges::find(ports, protocol, &ServicePort::protocol) != ports.end();
  };
  const auto check = [&](bool set, std::string_view name, const char* why) {
    if (!set) return;
    tell("W60", meta, name, why, "`smic.dev/protocol: http` says that its TCP ports carry HTTP",
         diagnostics);
  };
  if (carries(ir::Protocol::http)) return;
  constexpr const char* kNoHttp = "is about requests, but no port of it carries HTTP";
  check(policy.scheme.has_value(), "scheme", kNoHttp);
  check(policy.request_timeout.has_value(), "request-timeout", kNoHttp);
  check(policy.retry_attempts.has_value(), "retry-attempts", kNoHttp);
  check(policy.rate_limit.has_value(), "ratelimit-average", kNoHttp);
  check(policy.circuit_breaker.has_value(), "circuit-breaker-expression", kNoHttp);
  if (carries(ir::Protocol::tcp)) return;
  check(policy.idle_timeout.has_value(), "idle-timeout",
        "is about connections, but no port of it has any");
}

}  // namespace

ir::RoutePolicy route_policy(const resources::Service& service,
                             const std::vector<ServicePort>& ports, const Options& options,
                             Diagnostics& diagnostics) {
  ir::RoutePolicy policy;
  if (!service.meta.settings.empty()) policy = PolicyReader(service.meta, diagnostics).read();
  if (!policy.split_shares && options.split_shares != SplitShares::redistribute) {
    const std::string word(contract::word_of(options.split_shares));
    policy.split_shares = {options.split_shares, {"split shares " + word, "", 0}};
  }
  check_ports(service.meta, ports, policy, diagnostics);
  if (policy.scheme && policy.scheme->value != Scheme::http) {
    tell("W61", service.meta, "scheme",
         "asks for what the proxy cannot do yet: it speaks HTTP/1.1 without TLS to the pods",
         "let the pods take HTTP/1.1, or carry the port as bytes with `smic.dev/protocol: tcp`",
         diagnostics);
  }
  return policy;
}

}  // namespace smic::model
