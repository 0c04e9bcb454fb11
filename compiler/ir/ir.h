// SPDX-License-Identifier: Apache-2.0
// The typed rule IR: the whole policy of one (service, port), as immutable values.
//
//   unit shop/reviews:9080 http enforce
//     policy request-timeout 2s @ "Service shop/reviews" "shop.yaml":7
//     source s0 = { shop/admin, shop/web }
//     match m0 = method in { GET, HEAD } and path ~ "/reviews/[0-9]+" @ "HTTPRouteGroup …" …
//     match m1 = header "user-agent" ~ ".*Firefox.*" @ …
//     route r0 when m1 -> split { shop/reviews-v1:9080 = 9, shop/reviews-v2:9080 = 1 } @ …
//     route r1 -> shop/reviews:9080 @ …
//     allow to shop/reviews from s0 when m0 @ …
//
// What a unit means is defined by evaluate(); every other engine is tested against it:
//   a match holds   iff the method is in its set AND the path pattern matches at the start of the
//                   path (D-3) AND for every header test some line of that header matches the
//                   pattern as a whole (D-2, D-7); an absent part holds always;
//   the route       is the first whose condition holds (D-20d); the last one has no condition;
//   a destination   is allowed iff some `allow` names it, its sources hold the caller and its
//                   condition holds (the union, no deny rule; D-9).
// Its policy is no part of that: it says how to treat a request that may go, and is data.
// verify() says when a unit is well formed; lowering, text and passes only hand on verified units.
//
// Deliberately absent: Kubernetes, YAML, endpoints, code. An IR value knows names, not objects.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "contract/abi.h"
#include "contract/manifest.h"

namespace smic::ir {

using contract::AccessMode;
using contract::Method;
using contract::Origin;
using contract::Protocol;
using contract::RoutePolicy;

// "namespace/name" of a Service.
struct ServiceRef {
  std::string ns;
  std::string name;
  auto operator<=>(const ServiceRef&) const = default;
};

// "namespace/serviceaccount": who a pod is.
struct Identity {
  std::string ns;
  std::string name;
  auto operator<=>(const Identity&) const = default;
};

using Port = std::uint16_t;  // never 0 in a verified unit

using SourceSetId = StrongId<struct SourceSetTag>;
using MatchId = StrongId<struct MatchTag>;

struct SourceSet {
  std::set<Identity> members;  // may be empty: a target whose sources nobody has
  auto operator<=>(const SourceSet&) const = default;
};

// Stands for the request's method as it was written, where a header's name is expected. So
// methods beyond contract::Method can be told apart (D-29), and cost who does not use them nothing.
inline constexpr std::string_view kMethodHeader = contract::kMethodHeader;

struct HeaderTest {
  std::string name;   // lower-case token; "host" means the authority (D-6); or kMethodHeader
  std::string regex;  // RE2 syntax, matches the whole value
  auto operator<=>(const HeaderTest&) const = default;
};

// A set of methods as a bit mask over contract::Method; kAnyMethod also accepts unknown tokens.
using MethodSet = std::uint32_t;
inline constexpr MethodSet kAnyMethod = (1u << contract::kMethodCount) - 1;
constexpr MethodSet method_bit(Method method) { return 1u << static_cast<std::uint32_t>(method); }

struct Match {
  MethodSet methods = kAnyMethod;
  std::optional<std::string> path;  // RE2 syntax, anchored at the start only; absent = any path
  std::vector<HeaderTest> headers;  // all must hold; a name may occur twice (D-5)
  Origin origin;                    // the line of the match in its HTTPRouteGroup
  bool operator==(const Match&) const = default;
};

struct Always {
  auto operator<=>(const Always&) const = default;
};
struct AnyOf {
  std::vector<MatchId> matches;  // OR; empty = never (a group without matches, D-8)
  auto operator<=>(const AnyOf&) const = default;
};
struct Never {  // an AnyOf over nothing, after passes
  auto operator<=>(const Never&) const = default;
};
using Condition = std::variant<Always, AnyOf, Never>;

struct BackendRef {
  ServiceRef service;
  Port port = 0;
  std::uint32_t weight = 1;
  bool operator==(const BackendRef&) const = default;
};

struct Forward {  // one or more backends; at least one weight above zero
  std::vector<BackendRef> backends;
  bool operator==(const Forward&) const = default;
};
struct Unavailable {                 // every weight is zero, or no backend is left (D-20b): 503
  std::vector<BackendRef> backends;  // as written, for explain; may be empty
  bool operator==(const Unavailable&) const = default;
};
using Action = std::variant<Forward, Unavailable>;

struct Route {
  Condition when = Always{};
  Action action;
  Origin origin;  // the TrafficSplit, or the Service for the plain root
  bool operator==(const Route&) const = default;
};

struct AnySource {  // permissive mode; also callers without identity
  auto operator<=>(const AnySource&) const = default;
};
using Sources = std::variant<AnySource, SourceSetId>;

struct AnyDestination {  // permissive mode
  auto operator<=>(const AnyDestination&) const = default;
};
struct DestinationRef {  // pods with this identity, on one pod port or on all (D-12)
  Identity identity;
  std::optional<Port> port;
  auto operator<=>(const DestinationRef&) const = default;
};
using Destinations = std::variant<AnyDestination, DestinationRef>;

struct Allow {
  Destinations to;
  Sources from;
  Condition when = Always{};
  Origin origin;  // the TrafficTarget
  bool operator==(const Allow&) const = default;
};

struct Unit {
  ServiceRef service;
  Port port = 0;
  Protocol protocol = Protocol::http;
  AccessMode access = AccessMode::enforce;
  RoutePolicy policy;
  std::vector<SourceSet> sources;
  std::vector<Match> matches;
  std::vector<Route> routes;  // first whose condition holds wins; the last is Always
  std::vector<Allow> allows;
  bool operator==(const Unit&) const = default;
};

// Canonical text of one unit or of many (grammar/RuleIR.g4 reads it back exactly; compiler/text).
std::string print(const Unit& unit);
std::string print(const std::vector<Unit>& units);

std::string to_string(const ServiceRef& service);          // "shop/reviews"
std::string to_string(const Identity& identity);           // "shop/web"
std::string_view method_name(Method method);               // "GET"; kOther has none
std::optional<Method> method_from_name(std::string_view);  // case-sensitive (D-29)

// Well-formedness: ids in range, ports not 0, last route Always and no other, Forward with some
// weight, source members non-empty names, at most contract::kMaxDestinations destinations, TCP and
// UDP units without matches and without policy but for the idle timeout of TCP and for split
// shares, policy numbers in their ranges, AnySource and AnyDestination only in permissive units.
// The error says which rule.
Result<void> verify(const Unit& unit);

// A request as the interpreter sees it.
struct Request {
  Method method = Method::kGet;
  std::string path = "/";                                    // normalised, no query
  std::vector<std::pair<std::string, std::string>> headers;  // names lower-case, lines in order
  std::optional<Identity> source;
};

// The verdict with its reasons. `destinations` and `allows` speak of the unit's own lists.
struct Evaluation {
  std::size_t route = 0;
  std::set<std::size_t> allows;  // indices of the allows that hold
};

// How evaluate() asks about regular expressions: a pattern, a subject, and whether the pattern is
// anchored at its end too. The judge is given from outside, so that tests can use RE2 itself and
// the compiler its own automata.
class RegexJudge {
 public:
  virtual ~RegexJudge() = default;
  virtual bool matches(const std::string& regex, std::string_view subject, bool whole) = 0;
};

// The naive, obviously right interpreter: it defines what a unit means.
Evaluation evaluate(const Unit& unit, const Request& request, RegexJudge& judge);

}  // namespace smic::ir
