// SPDX-License-Identifier: Apache-2.0
#include "tests/support/generate_unit.h"

#include <array>
#include <string>

#include "tests/support/sample_regex.h"

namespace smic::test {
namespace {

// Few words, so that patterns share prefixes and contain each other.
constexpr std::array kSegments = {"api",  "api2", "users", "user", "v1",    "v2",
                                  "cart", "a",    "b",     "ab",   "static"};
constexpr std::array kSegmentPatterns = {
    "[^/]+",        "[0-9]+",    ".*",        "(users|cart)", "v[12]",          "\\d+",
    "[a-c]+",       "a*b?",      "[^/]{2,3}", "(a|ab)(b|)",   "\\.x",           "(?i:api)",
    "[^0-9/]",      "é",         ".",         "\\bapi",       "(?s:.)+?b",      "\\pL+",
    "[[:alpha:]]*", "\\Qa.*\\E", "(?i)k",     "\\x{e9}",      "[^\\x00-\\x7f]", "(|a)*",
    "\\.*",         "(?m)^a"};
constexpr std::array kPathEnds = {"",    "",        "",   "",    "/",       "/.*",  "$",
                                  "/?$", "(/.*)?$", ".*", "\\z", "(?m)$.*", "\\.*", "\\b"};
constexpr std::array kHeaders = {"host", "user-agent", "x-version", "x-canary", ":method"};
constexpr std::array kValuePatterns = {"1",     "[0-9]+", ".*Firefox.*", "v(1|2)",     "",
                                       ".+",    ".*",     "(?i)beta",    "a|b|ab",     "[^ ]+ .*",
                                       "x{2,}", "^1$",    "canary",      "(foo|bar)+", "\\w+-\\d"};

std::string path_pattern(Random& random) {
  std::string pattern = random.chance(10) ? "^" : "";
  const std::size_t segments = random.below(4);
  for (std::size_t i = 0; i <= segments; ++i) {
    pattern += '/';
    pattern += random.chance(70) ? random.pick(kSegments) : random.pick(kSegmentPatterns);
  }
  pattern += random.pick(kPathEnds);
  if (random.chance(5)) pattern += "|/" + std::string(random.pick(kSegments));
  if (random.chance(3)) pattern = random.chance(50) ? ".*" : "";
  return pattern;
}

// Of a route table: the same shapes behind words that differ.
std::string word_pattern(Random& random) {
  constexpr std::array kStarts = {"/api/team-", "/api/team-", "/v1/customer-number-"};
  constexpr std::array kEnds = {"$",       "/orders$", "/orders/[0-9]+$", "/orders$",
                                "/orders", "$",        "/[0-9]+/x$",      "/.*x$"};
  std::string pattern = random.pick(kStarts) + std::to_string(random.below(400));
  if (random.chance(30)) pattern += "/" + std::to_string(random.below(20));
  return pattern + random.pick(kEnds);
}

std::string any_bytes(Random& random) {
  std::string bytes;
  for (std::size_t i = random.below(12); i > 0; --i) {
    bytes += random.chance(50) ? static_cast<char>(random.next())
                               : random.pick(std::string_view("\"\\/#\n a@\xc3\xa9"));
  }
  return bytes;
}

class Generator {
 public:
  Generator(Random& random, const UnitSize& size) : random_(random), size_(size) {}

  ir::Unit unit() {
    unit_.service = {"shop", word("svc")};
    unit_.port = port();
    if (random_.chance(10)) {
      unit_.protocol = random_.chance(50) ? ir::Protocol::tcp : ir::Protocol::udp;
    }
    if (random_.chance(15)) unit_.access = ir::AccessMode::permissive;
    if (random_.chance(30)) unit_.policy = policy();
    for (std::size_t i = random_.below(4); i > 0; --i) unit_.sources.push_back(source());
    if (unit_.protocol == ir::Protocol::http) {
      const std::size_t least = size_.words ? size_.matches / 2 : 0;
      for (std::size_t i = least + random_.below(size_.matches - least + 1); i > 0; --i) {
        unit_.matches.push_back(match());
      }
    }
    for (std::size_t i = random_.below(size_.routes + 1); i > 0; --i)
      unit_.routes.push_back(route());
    unit_.routes.push_back({.action = action(), .origin = origin("Service", 0)});
    for (std::size_t i = random_.below(size_.allows + 1); i > 0; --i) add_allow();
    return std::move(unit_);
  }

 private:
  ir::RoutePolicy policy() {
    ir::RoutePolicy policy;
    const auto maybe = [this](auto& setting, auto value) {
      if (random_.chance(50)) setting = {std::move(value), origin("Service", random_.below(99))};
    };
    const auto duration = [this] { return std::chrono::milliseconds(1 + random_.below(100'000)); };
    if (unit_.protocol != ir::Protocol::udp) maybe(policy.idle_timeout, duration());
    maybe(policy.split_shares, static_cast<contract::SplitShares>(random_.below(2)));
    if (unit_.protocol != ir::Protocol::http) return policy;
    maybe(policy.scheme, static_cast<contract::Scheme>(random_.below(3)));
    maybe(policy.request_timeout, duration());
    maybe(policy.retry_attempts, static_cast<std::uint32_t>(1 + random_.below(10)));
    maybe(policy.rate_limit,
          contract::RateLimit{static_cast<std::uint32_t>(1 + random_.below(1000)),
                              static_cast<std::uint32_t>(1 + random_.below(1000)),
                              static_cast<contract::RateScope>(random_.below(2))});
    maybe(policy.circuit_breaker,
          *contract::BreakerExpression::parse(
              "NetworkErrorRatio() > 0.5 || (LatencyAtQuantileMS(99.9) >= 250 && "
              "ResponseCodeRatio(500, 600, 0, 600) > 0." +
              std::to_string(random_.below(1000)) + ")"));
    return policy;
  }

  ir::SourceSet source() {
    ir::SourceSet set;
    for (std::size_t i = random_.below(4); i > 0; --i) set.members.insert(identity());
    return set;
  }

  ir::Match match() {
    ir::Match match;
    match.origin = origin("HTTPRouteGroup", unit_.matches.size());
    // Now and then another one's question again, so that matches are equal or contain each other.
    if (!unit_.matches.empty() && random_.chance(15)) match = random_.pick(unit_.matches);
    if (random_.chance(30))
      match.methods = static_cast<ir::MethodSet>(random_.next()) & ir::kAnyMethod;
    if (random_.chance(5)) match.methods = 0;
    // One without a path among many holds for everything, and passes leave nothing of the rest.
    if (size_.words || random_.chance(80)) {
      const bool word = size_.words && random_.chance(98);
      match.path = size_.any_bytes ? any_bytes(random_)
                   : word          ? word_pattern(random_)
                                   : path_pattern(random_);
    }
    while (match.headers.size() < 3 && random_.chance(25)) {
      match.headers.push_back({random_.pick(kHeaders), size_.any_bytes
                                                           ? any_bytes(random_)
                                                           : random_.pick(kValuePatterns)});
    }
    return match;
  }

  ir::Route route() {
    ir::Condition when = condition();
    if (std::holds_alternative<ir::Always>(when)) when = ir::Never{};
    return {
        .when = when, .action = action(), .origin = origin("TrafficSplit", unit_.routes.size())};
  }

  ir::Action action() {
    std::vector<ir::BackendRef> backends;
    bool weighs = false;
    for (std::size_t i = random_.below(4); i > 0; --i) {
      const auto weight = static_cast<std::uint32_t>(random_.chance(20) ? 0 : random_.below(100));
      backends.push_back({{"shop", word("v") + std::to_string(i)}, port(), weight});
      weighs = weighs || weight > 0;
    }
    if (weighs) return ir::Forward{std::move(backends)};
    return ir::Unavailable{std::move(backends)};
  }

  void add_allow() {
    ir::Allow allow{.to = ir::DestinationRef{identity(), {}}, .when = condition()};
    allow.origin = origin("TrafficTarget", unit_.allows.size());
    if (random_.chance(40)) std::get<ir::DestinationRef>(allow.to).port = pod_port();
    const bool open = unit_.access == ir::AccessMode::permissive;
    if (open && random_.chance(30)) allow.to = ir::AnyDestination{};
    if (open && random_.chance(30)) {
      allow.from = ir::AnySource{};
    } else if (!unit_.sources.empty()) {
      allow.from = ir::SourceSetId(random_.below(unit_.sources.size()));
    } else {
      return;
    }
    unit_.allows.push_back(std::move(allow));
  }

  ir::Condition condition() {
    if (random_.chance(15)) return ir::Always{};
    if (random_.chance(5)) return ir::Never{};
    ir::AnyOf any;
    while (!unit_.matches.empty() && random_.chance(size_.words ? 95 : 70)) {
      any.matches.push_back(ir::MatchId(random_.below(unit_.matches.size())));
    }
    return any;
  }

  ir::Identity identity() {
    // The latter two are pods of an account that bindings tell apart by labels.
    constexpr std::array kNames = {"web",        "admin",    "cart",           "reviews",
                                   "prometheus", "web+blue", "web+blue+canary"};
    constexpr std::array kNamespaces = {"shop", "shop", "shop", "shop", "ops", "lab"};
    return {random_.pick(kNamespaces), word(random_.pick(kNames))};
  }

  // A name, if need be of bytes that no Kubernetes name has (but never a slash: verify()).
  std::string word(std::string name) {
    if (size_.any_bytes && random_.chance(30)) name += any_bytes(random_);
    std::erase(name, '/');
    return name;
  }

  ir::Port port() { return static_cast<ir::Port>(1 + random_.below(65535)); }
  ir::Port pod_port() { return static_cast<ir::Port>(8080 + random_.below(3)); }

  ir::Origin origin(std::string kind, std::size_t index) {
    return {std::move(kind) + " shop/" + word("x"), word("f.yaml"),
            static_cast<std::uint32_t>(index)};
  }

  Random& random_;
  const UnitSize& size_;
  ir::Unit unit_;
};

// Sometimes the string is not quite what the pattern asked for.
std::string bent(std::string text, Random& random) {
  constexpr std::string_view kBytes = "/ab1x-.\xc3\xff\n";
  const std::size_t at = random.below(text.size() + 1);
  switch (random.below(8)) {
    case 0:
      text.insert(at, 1, random.pick(kBytes));
      break;
    case 1:
      text.erase(at, 1);
      break;
    case 2:
      if (at < text.size()) text[at] = random.pick(kBytes);
      break;
    case 3:
      text += "/" + std::string(random.pick(kSegments));
      break;
    case 4:
      text.resize(at);
      break;
    default:
      break;
  }
  return text;
}

void aim(Random& random, const ir::Match& match, ir::Request& request) {
  for (std::uint32_t i = 0; i < contract::kMethodCount; ++i) {
    const bool accepted = match.methods & (1u << i);
    if (accepted && random.chance(40)) request.method = static_cast<ir::Method>(i);
  }
  if (match.path) request.path = bent(sample_regex(*match.path, random), random);
  for (const ir::HeaderTest& test : match.headers) {
    if (random.chance(10)) continue;
    const std::string value = sample_regex(test.regex, random);
    request.headers.emplace_back(test.name, random.chance(80) ? value : bent(value, random));
  }
}

}  // namespace

ir::Unit generate_unit(Random& random, const UnitSize& size) {
  return Generator(random, size).unit();
}

ir::Request generate_request(Random& random, const ir::Unit& unit) {
  ir::Request request;
  request.method = static_cast<ir::Method>(random.below(contract::kMethodCount));
  if (!unit.matches.empty()) aim(random, random.pick(unit.matches), request);
  while (random.chance(20)) {
    request.headers.emplace_back(random.pick(kHeaders),
                                 sample_regex(random.pick(kValuePatterns), random));
  }
  if (!unit.sources.empty() && random.chance(85)) {
    const auto& members = random.pick(unit.sources).members;
    if (!members.empty()) request.source = random.pick(members);
  } else if (random.chance(50)) {
    request.source = ir::Identity{"shop", "stranger"};
  }
  return request;
}

}  // namespace smic::test
