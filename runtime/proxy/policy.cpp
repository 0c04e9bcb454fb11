// SPDX-License-Identifier: Apache-2.0
// A unit's policy at work on one request, in the order of what it costs to say no: the caller's
// rate, then the breaker. Both are asked once for a request, however often it is tried, and only
// for requests that are allowed: what a caller may not do must not cost anybody a token.
//
// Each refusal says in its reason which line of whose annotation made it; so do the access log and
// the metric smic_policy_acts_total.
#include <algorithm>

#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

using observe::PolicyKind;
using std::chrono::milliseconds;

constexpr policy::Time kNever = policy::Time::max();

policy::Time now() { return std::chrono::steady_clock::now(); }

milliseconds left_of(const Account& account) {
  if (account.answer_by == kNever) return milliseconds::max();
  const auto left = std::chrono::ceil<milliseconds>(account.answer_by - now());
  return std::max(milliseconds(0), left);
}

std::string describe(PolicyKind kind, const contract::Origin& origin) {
  return std::string(observe::name_of(kind)) + "; policy=\"" + origin.resource + " (" +
         origin.file + ":" + std::to_string(origin.line) + ")\"";
}

unsigned whole_seconds(policy::nanoseconds wait) {
  return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

Refusal too_many(const contract::Setting<contract::RateLimit>& rule, policy::nanoseconds wait) {
  const bool each = rule.value.scope == contract::RateScope::source;
  return {429,
          describe(PolicyKind::rate_limit, rule.origin) + "; more than " +
              std::to_string(rule.value.average) + " requests a second" +
              (each ? " from this address" : ""),
          "Wait as long as Retry-After says.", whole_seconds(wait)};
}

Refusal open_circuit(const contract::Setting<contract::BreakerExpression>& rule,
                     policy::nanoseconds wait) {
  return {503,
          describe(PolicyKind::circuit_breaker, rule.origin) + "; open, because " +
              to_string(rule.value),
          "The service is given time to recover; some requests are let through soon.",
          whole_seconds(wait)};
}

}  // namespace

void act(Caller& caller, PolicyKind kind) {
  Account& account = caller.account;
  if (account.series != nullptr) {
    account.series->by_policy[static_cast<std::size_t>(kind)].add();
  }
  if (!caller.worker.access_log.on() || account.policies.contains(observe::name_of(kind))) return;
  account.policies += account.policies.empty() ? "" : ",";
  account.policies += observe::name_of(kind);
}

std::optional<Refusal> admit(Session& session) {
  Account& account = session.account;
  if (!account.policy) return std::nullopt;
  const policy::UnitPolicy& unit = *account.policy;
  const policy::Time time = now();
  if (unit.rate_limiter) {
    const auto wait = unit.rate_limiter->take(session.peer_ip, time);
    if (wait > policy::nanoseconds(0)) {
      act(session, PolicyKind::rate_limit);
      return too_many(*unit.rules.rate_limit, wait);
    }
  }
  if (unit.circuit_breaker) {
    const auto permit = unit.circuit_breaker->enter(time);
    if (!permit.granted) {
      act(session, PolicyKind::circuit_breaker);
      session.worker.metrics.requests_unavailable.add();
      return open_circuit(*unit.rules.circuit_breaker, permit.retry_after);
    }
    account.passage = {unit.circuit_breaker, permit};
  }
  if (unit.retry_budget) unit.retry_budget->add_request();
  if (unit.rules.request_timeout) account.answer_by = time + unit.rules.request_timeout->value;
  return std::nullopt;
}

void note_answer(Session& session, int status) {
  Account& account = session.account;
  if (!account.passage) return;
  const policy::Time time = now();
  const bool bad_gateway = status == 502 || status == 504;
  account.passage.end({static_cast<std::uint32_t>(status), bad_gateway, time - account.began},
                      time);
}

void note_no_answer(Session& session, int status) {
  if (!session.account.passage) return;
  const policy::Time time = now();
  session.account.passage.end(
      {static_cast<std::uint32_t>(status), true, time - session.account.began}, time);
}

bool may_retry(Session& session, int attempt) {
  const policy::UnitPolicy* unit = session.account.policy.get();
  if (unit == nullptr || !unit->retry_budget) return false;
  const auto most = static_cast<int>(unit->rules.retry_attempts->value);
  if (attempt + 1 >= most || session.request_timed_out()) return false;
  if (!unit->retry_budget->take_retry(now())) return false;
  act(session, PolicyKind::retry_attempts);
  return true;
}

Refusal request_timeout(Session& session) {
  act(session, PolicyKind::request_timeout);
  const auto& rule = *session.account.policy->rules.request_timeout;
  return {504,
          describe(PolicyKind::request_timeout, rule.origin) + "; no response within " +
              contract::duration_text(rule.value),
          ""};
}

std::string idle_timeout(Session& session) {
  const auto& policy = session.account.policy;
  if (!policy || !policy->rules.idle_timeout) return "idle timeout";
  act(session, PolicyKind::idle_timeout);
  return describe(PolicyKind::idle_timeout, policy->rules.idle_timeout->origin);
}

milliseconds Session::connect_limit() const {
  return std::min(worker.options().connect_timeout, left_of(account));
}

// A request's own limit replaces the proxy's, which counts from the last byte that was sent.
milliseconds Session::answer_limit() const {
  return account.answer_by == kNever ? worker.options().response_timeout : left_of(account);
}

milliseconds Session::idle_limit() const {
  if (!account.policy || !account.policy->rules.idle_timeout) {
    return tunnel_to != nullptr ? worker.options().tunnel_idle_timeout
                                : worker.options().idle_timeout;
  }
  return account.policy->rules.idle_timeout->value;
}

bool Session::request_timed_out() const {
  return account.answer_by != kNever && account.answer_by <= now();
}

}  // namespace smic::proxy
