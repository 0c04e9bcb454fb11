// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/route_tables.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

namespace smic::bench {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

constexpr std::array kAreas{"orders",    "customers", "invoices", "products",
                            "shipments", "reviews",   "accounts", "payments",
                            "carts",     "sessions",  "devices",  "reports"};
constexpr std::array kActions{"items",  "history", "status",      "summary",     "lines",
                              "events", "notes",   "attachments", "permissions", "audit"};
constexpr std::array kClients{"firefox", "chrome", "curl", "android", "ios", "insider"};

// Rule i's own resource, so that rules differ and share prefixes as real ones do.
std::string resource(std::size_t i) {
  return std::string("/api/v") + std::to_string(1 + i % 3) + '/' + kAreas[i % kAreas.size()] +
         "/team-" + std::to_string(i / kAreas.size());
}

std::string pattern(std::size_t i) {
  const std::string action = kActions[(i / 7) % kActions.size()];
  switch (i % 5) {
    case 0:
      return resource(i) + "/[0-9]+/" + action + "$";
    case 1:
      return resource(i) + "/[^/]+/" + action;
    case 2:
      return resource(i) + "/" + action + "$";
    case 3:
      return resource(i) + "/[a-z0-9-]+/(" + action + "|archive)/[0-9]+$";
    default:
      return resource(i) + "/.*";
  }
}

std::string word(Random& random, std::string_view alphabet, std::size_t least, std::size_t most) {
  std::string text;
  const std::size_t length = least + below(random, most - least + 1);
  for (std::size_t i = 0; i < length; ++i) text += alphabet[below(random, alphabet.size())];
  return text;
}

std::string path_for(std::size_t i, Random& random) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kSlug = "abcdefghijklmnopqrstuvwxyz0123456789-";
  const std::string action = kActions[(i / 7) % kActions.size()];
  switch (i % 5) {
    case 0:
      return resource(i) + '/' + word(random, kDigits, 1, 12) + '/' + action;
    case 1:
      return resource(i) + '/' + word(random, kSlug, 4, 36) + '/' + action;
    case 2:
      return resource(i) + '/' + action;
    case 3:
      return resource(i) + '/' + word(random, kSlug, 4, 36) + "/archive/" +
             word(random, kDigits, 1, 12);
    default:
      return resource(i) + '/' + word(random, kSlug, 10, 80);
  }
}

bool has_header(std::size_t i) { return i % 5 == 3; }
std::string client(std::size_t i) { return kClients[(i / 5) % kClients.size()]; }

constexpr std::array kMethods{ir::Method::kGet, ir::Method::kPost, ir::Method::kPut,
                              ir::Method::kDelete};
ir::Method method_for(std::size_t i) { return kMethods[i % kMethods.size()]; }

// Picks rules by popularity.
class Picker {
 public:
  Picker(std::size_t rules, Popularity popularity, Random& random) : ranked_(rules) {
    std::iota(ranked_.begin(), ranked_.end(), 0);
    if (popularity == Popularity::uniform) return;
    std::shuffle(ranked_.begin(), ranked_.end(), random);
    double sum = 0;
    for (std::size_t n = 1; n <= rules; ++n) sums_.push_back(sum += 1.0 / static_cast<double>(n));
  }

  std::size_t pick(Random& random) const {
    if (sums_.empty()) return below(random, ranked_.size());
    const double at = static_cast<double>(below(random, 1u << 30)) / (1u << 30) * sums_.back();
    return ranked_[static_cast<std::size_t>(std::ranges::upper_bound(sums_, at) - sums_.begin())];
  }

 private:
  std::vector<std::size_t> ranked_;
  std::vector<double> sums_;  // of the weights, most popular first; none if all are alike
};

constexpr std::size_t kMatchesPerTarget = 50;
ir::Identity caller(std::size_t target) { return {"clients", "team-" + std::to_string(target)}; }

}  // namespace

ir::Unit route_table(std::size_t rules, std::uint64_t seed) {
  Random random(seed);
  ir::Unit unit{.service = {"shop", "api"}, .port = 8080};
  const ir::Origin group{"HTTPRouteGroup shop/api", "routes.yaml", 1};
  ir::AnyOf canary;
  for (std::size_t i = 0; i < rules; ++i) {
    ir::Match match{.methods = ir::method_bit(method_for(i)), .path = pattern(i), .origin = group};
    if (has_header(i)) match.headers.push_back({"user-agent", ".*" + client(i) + ".*"});
    unit.matches.push_back(std::move(match));
    if (i < (rules + 9) / 10) canary.matches.push_back(ir::MatchId(i));
  }
  const ir::Origin split{"TrafficSplit shop/api", "split.yaml", 1};
  unit.routes.push_back(
      {canary, ir::Forward{{{{"shop", "api-v1"}, 8080, 9}, {{"shop", "api-v2"}, 8080, 1}}}, split});
  unit.routes.push_back({ir::Always{},
                         ir::Forward{{{{"shop", "api"}, 8080, 1}}},
                         {"Service shop/api", "service.yaml", 1}});
  for (std::size_t first = 0; first < rules; first += kMatchesPerTarget) {
    const std::size_t target = first / kMatchesPerTarget;
    unit.sources.push_back({{caller(target), {"clients", "admin"}}});
    ir::AnyOf matches;
    for (std::size_t i = first; i < std::min(rules, first + kMatchesPerTarget); ++i) {
      matches.matches.push_back(ir::MatchId(i));
    }
    unit.allows.push_back({ir::DestinationRef{{"shop", "api"}, std::nullopt},
                           ir::SourceSetId(target),
                           matches,
                           {"TrafficTarget shop/api-" + std::to_string(target), "access.yaml", 1}});
  }
  return unit;
}

std::vector<ir::Request> requests(const ir::Unit& table, std::size_t count, double misses,
                                  std::uint64_t seed, Popularity popularity) {
  Random random(seed);
  const Picker picker(table.matches.size(), popularity, random);
  std::vector<ir::Request> result;
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t i = picker.pick(random);
    ir::Request request{.method = method_for(i), .path = path_for(i, random)};
    if (static_cast<double>(below(random, 10'000)) < misses * 10'000) request.path.insert(1, "x");
    request.headers.emplace_back(
        "user-agent", "Mozilla/5.0 (X11; Linux x86_64) " + client(i) + "/118.0 Gecko/20100101");
    request.source = caller(i / kMatchesPerTarget);
    result.push_back(std::move(request));
  }
  return result;
}

}  // namespace smic::bench
