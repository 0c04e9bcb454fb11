// SPDX-License-Identifier: Apache-2.0
// Units by hand, a feature each, against the naive interpreter.
#include <bit>
#include <catch2/catch.hpp>
#include <random>

#include "compiler/decision/access.h"
#include "contract/kernel.h"
#include "contract/tables.h"
#include "tests/unit/decision/asked.h"

namespace smic::test {
namespace {

using enum ir::Method;

const std::vector<ir::Method> kMethods = {kOther, kGet, kHead, kPost, kDelete, kPatch};

std::string number(std::size_t n) { return std::to_string(n); }

TEST_CASE("methods, paths, headers and sources are decided together") {
  const Asked asked(R"(unit shop/reviews:9080 http enforce
    source s0 = { shop/web, shop/admin }
    source s1 = { shop/admin }
    match m0 = method in { GET, HEAD } and path ~ "/reviews/[0-9]+"
    match m1 = header "user-agent" ~ ".*Firefox.*"
    match m2 = path ~ "/reviews/[0-9]+/edit$" and method in { POST, other }
    match m3 = path ~ "/rev" and header "user-agent" ~ ".*bot.*" and header "x-mode" ~ "on|off"
    route r0 when m1 -> split { shop/v1:9080 = 9, shop/v2:9080 = 1 }
    route r1 when m2 or m3 -> shop/v2:9080
    route r2 -> shop/reviews:9080
    allow to shop/reviews from s0 when m0
    allow to shop/reviews:8080 from s1 when m2 or m1
    allow to shop/other from s1
    allow to shop/never from s0 when never)");
  asked.agree(
      {.methods = kMethods,
       .paths = {"", "/", "/rev", "/reviews/", "/reviews/1", "/reviews/12345678901234",
                 "/reviews/1/edit", "/reviews/1/edit/", "/reviews/x", "/other"},
       .headers = {{},
                   {{"user-agent", "Mozilla Firefox/1"}},
                   {{"user-agent", "firefox"}},
                   {{"user-agent", "a bot"}, {"x-mode", "on"}},
                   {{"user-agent", "a bot"}, {"x-mode", "maybe"}},
                   {{"user-agent", "a bot in Firefox"}, {"x-mode", "no"}, {"x-mode", "off"}},
                   {{"x-mode", "on"}, {"user-agent", "x"}, {"user-agent", "bot"}}},
       .sources = {"", "shop/web", "shop/admin", "other/web"}});
}

TEST_CASE("headers that are searched are judged as by their automaton") {
  std::string text = "unit a/b:80 http enforce\n";
  const std::vector<std::string> needles = {"Firefox", "x", "ab", "abab", "MSIE 9\\\\.0", "aab"};
  for (std::size_t i = 0; i < needles.size(); ++i) {
    text += " match m" + number(i) + " = path ~ \"/" + number(i) +
            "\" and header \"user-agent\" ~ \".*" + needles[i] + ".*\"\n";
  }
  text += " match m6 = path ~ \"/6\" and header \"user-agent\" ~ \"a+b\"\n";
  text +=
      " match m7 = path ~ \"/[0-9]$\" and header \"user-agent\" ~ \".*abab.*\" and header "
      "\"x-mode\" ~ \".*o.*\"\n";
  for (std::size_t i = 0; i < 8; ++i)
    text += " route r" + number(i) + " when m" + number(i) + " -> a/c:80\n";
  const Asked asked(text + " route r8 -> a/b:80\n");
  std::vector<std::vector<std::pair<std::string, std::string>>> headers = {{}};
  const std::string nul(1, '\0');
  for (const std::string line : {"",
                                 "x",
                                 "ab",
                                 "aab",
                                 "ababab",
                                 "Firefox",
                                 "Mozilla Firefox/1",
                                 "Firefo",
                                 "irefox",
                                 "FirefoxFirefox",
                                 "MSIE 9.0",
                                 "MSIE 9x0",
                                 "1234567x",
                                 "12345678x",
                                 "1234567ab",
                                 "123456ab",
                                 "123456abab",
                                 "ab\n",
                                 "\nx",
                                 "\xc3\xa9 x",
                                 "x\xc3",
                                 "\xff ab",
                                 "x\xe2\x82\xac abab"}) {
    headers.push_back({{"user-agent", line}});
    headers.push_back({{"user-agent", line}, {"x-mode", "on"}});
    headers.push_back({{"user-agent", "nothing"}, {"user-agent", line + nul}, {"x-mode", "\xc3"}});
  }
  asked.agree({.paths = {"/0", "/1", "/2", "/3", "/4", "/5", "/6"}, .headers = headers});
}

TEST_CASE("more headers than are searched are judged as well") {
  std::string text = "unit a/b:80 http enforce\n";
  std::vector<std::pair<std::string, std::string>> some;
  for (std::size_t i = 0; i < 2 * contract::kMaxSearches; ++i) {
    const std::string name = "x-" + number(i);
    text += " match m" + number(i) + " = path ~ \"/\" and header \"" + name + "\" ~ \".*on.*\"\n";
    text += " route r" + number(i) + " when m" + number(i) + " -> a/c:80\n";
    if (i > contract::kMaxSearches) some.emplace_back(name, "is on");
  }
  const Asked asked(text + " route r" + number(2 * contract::kMaxSearches) + " -> a/b:80\n");
  asked.agree({.headers = {{}, some, {{"x-7", "no"}, {"x-15", "on"}}, {{"x-0", "on"}}}});
}

TEST_CASE("what needs no path holds for every path") {
  const Asked asked(R"(unit a/b:80 http enforce
    source s0 = { a/x }
    match m0 = method in { PUT, other }
    match m1 = header "x-a" ~ "1"
    match m2 = any
    route r0 when m0 -> a/c:80
    route r1 when m1 -> a/d:80
    route r2 -> a/b:80
    allow to a/p from s0 when m2
    allow to a/q from s0 when m1)");
  asked.agree({.methods = {kOther, kGet, kPut},
               .paths = {"", "/", "/anything"},
               .headers = {{}, {{"x-a", "1"}}, {{"x-a", "2"}}, {{"x-b", "1"}}},
               .sources = {"", "a/x"}});
}

TEST_CASE("a unit without matches is decided from the start") {
  const Asked tcp(R"(unit a/b:5432 tcp enforce
    source s0 = { a/x, a/y }
    source s1 = { a/y }
    route r0 -> split { a/b:5432 = 1, a/c:5432 = 3 }
    allow to a/b from s0
    allow to a/c:5433 from s1)");
  tcp.agree({.methods = {kOther}, .paths = {""}, .sources = {"", "a/x", "a/y", "a/z"}});
  const Asked none("unit a/b:1 udp enforce\n route r0 -> unavailable");
  none.agree({.paths = {""}, .sources = {"", "a/x"}});
}

TEST_CASE("permissive units let everybody in, nobodies too") {
  const Asked asked(R"(unit a/b:80 http permissive
    match m0 = path ~ "/x"
    route r0 when m0 -> a/c:80
    route r1 -> a/b:80
    allow to any from any)");
  asked.agree({.paths = {"/", "/x"}, .sources = {"", "a/x"}});
  CHECK(asked.decision().names.destinations == std::vector<contract::Destination>{{}});
}

TEST_CASE("a header that is absent satisfies nothing, an empty one may") {
  const Asked asked(R"(unit a/b:80 http enforce
    match m0 = header "x-a" ~ ".*"
    match m1 = header "x-b" ~ ""
    route r0 when m0 -> a/c:80
    route r1 when m1 -> a/d:80
    route r2 -> a/b:80)");
  asked.agree({.headers = {{}, {{"x-a", ""}}, {{"x-b", ""}}, {{"x-b", "x"}}, {{"x-a", "\n"}}}});
}

TEST_CASE("one header may have to satisfy two patterns, each by any line") {
  const Asked asked(R"(unit a/b:80 http enforce
    match m0 = path ~ "/" and header "x-a" ~ "a.*" and header "x-a" ~ ".*z"
    route r0 when m0 -> a/c:80
    route r1 -> a/b:80)");
  asked.agree({.headers = {{{"x-a", "az"}},
                           {{"x-a", "a"}},
                           {{"x-a", "z"}},
                           {{"x-a", "z"}, {"x-a", "a"}},
                           {{"x-a", "b"}, {"x-a", "c"}}}});
}

TEST_CASE("a thousand header values on one path are one look-up and all work") {
  std::string text = "unit a/b:80 http enforce\n";
  for (std::size_t i = 0; i < 1000; ++i) {
    text += "match m" + number(i) + " = path ~ \"/a\" and header \"x-env\" ~ \"prod\" and header " +
            "\"x-user\" ~ \"u" + number(i) + "\"\n";
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    text += "route r" + number(i) + " when m" + number(999 - i) + " -> a/c:80\n";
  }
  const Asked asked(text + "route r1000 -> a/b:80");
  Asked::Requests requests{.paths = {"/a", "/b"}, .headers = {{{"x-env", "prod"}}}};
  for (std::size_t i = 0; i < 1000; i += 13) {
    requests.headers.push_back({{"x-env", "prod"}, {"x-user", "u" + number(i)}});
    requests.headers.push_back({{"x-env", "test"}, {"x-user", "u" + number(i)}});
    requests.headers.push_back(
        {{"x-user", "u" + number(i)}, {"x-env", "prod"}, {"x-user", "u" + number(999 - i)}});
  }
  asked.agree(requests);
}

TEST_CASE("more header patterns than one call remembers are still decided") {
  // The first slot fills the memo but for a few words; the second does not fit.
  ir::Unit unit{.service = {"a", "b"}, .port = 80};
  const std::size_t many = 64 * contract::kMemoWords - 100;
  ir::AnyOf some;
  for (std::size_t i = 0; i < many; ++i) {
    unit.matches.push_back({.headers = {{"x-a", "v" + number(i)}}});
    if (i % 7 == 0) some.matches.emplace_back(i);
  }
  for (std::size_t i = 0; i < 200; ++i) {
    unit.matches.push_back({.path = "/b", .headers = {{"x-b", "v" + number(i)}, {"x-a", "v7"}}});
  }
  ir::AnyOf others;
  for (std::size_t i = many; i < unit.matches.size(); i += 3) others.matches.emplace_back(i);
  unit.routes = {{.when = others, .action = ir::Unavailable{}},
                 {.when = some, .action = ir::Unavailable{}},
                 {.action = ir::Forward{{{{"a", "b"}, 80, 1}}}}};
  const Asked asked(unit);
  Asked::Requests requests{.paths = {"/a", "/b"}};
  for (const std::size_t i : {0, 3, 7, 199, 32000, 32004}) {
    requests.headers.push_back({{"x-a", "v" + number(i)}});
    requests.headers.push_back({{"x-b", "v" + number(i)}, {"x-a", "v7"}});
  }
  asked.agree(requests);
}

TEST_CASE("more headers than have a bit of memory are still decided") {
  std::string text = "unit a/b:80 http enforce\n";
  for (std::size_t i = 0; i < 70; ++i) {
    text += "match m" + number(i) + " = header \"x-" + number(i) + "\" ~ \"a|b\"\n";
  }
  for (std::size_t i = 0; i < 70; ++i) {
    text += "route r" + number(i) + " when m" + number(i) + " -> a/c:80\n";
  }
  const Asked asked(text + "route r70 -> a/b:80");
  Asked::Requests requests;
  for (std::size_t i = 0; i < 70; ++i) {
    requests.headers.push_back({{"x-" + number(i), "b"}});
    requests.headers.push_back({{"x-" + number(i), "c"}, {"x-" + number(69 - i), "a"}});
  }
  asked.agree(requests);
}

TEST_CASE("destinations beyond 64 have words of their own") {
  std::string text = "unit a/b:80 http enforce\n source s0 = { a/x }\n source s1 = { a/y }\n";
  for (std::size_t i = 0; i < 256; ++i) {
    text += "match m" + number(i) + " = path ~ \"/" + number(i) + "$\"\n";
  }
  text += "route r0 -> a/b:80\n";
  for (std::size_t i = 0; i < 256; ++i) {
    text += "allow to d/d" + number(i) + " from s" + number(i % 2) + " when m" + number(i) + "\n";
    text += "allow to d/d" + number(i) + " from s1 when m0\n";
  }
  const Asked asked(text);
  asked.agree({.paths = {"/0", "/1", "/63", "/64", "/65", "/128", "/254", "/255", "/256"},
               .sources = {"", "a/x", "a/y"}});
}

TEST_CASE("nested patterns beyond the budget for merging are listed, and answer the same") {
  // Each path is under all that are shorter, each with callers of its own: merged, that would be
  // half as many entries as the square of the patterns.
  constexpr std::size_t kNested = 450;
  std::string text = "unit a/b:80 http enforce\n", allows, path = "/";
  for (std::size_t i = 0; i < kNested; ++i) {
    text += " source s" + number(i) + " = { a/x" + number(i) + ", a/all }\n";
    allows += " allow to a/b from s" + number(i) + " when m" + number(i) + "\n";
  }
  for (std::size_t i = 0; i < kNested; ++i) {
    text += " match m" + number(i) + " = path ~ \"" + path + "\"\n";
    path += 'a';
  }
  const Asked asked(text + " route r0 -> a/b:80\n" + allows);
  CHECK(decision::describe(asked.unit()).text.find("list 0") != std::string::npos);
  asked.agree({.paths = {"", "/", "/a", path.substr(0, 200), path.substr(0, 449), path, path + "b"},
               .sources = {"", "a/all", "a/x0", "a/x1", "a/x199", "a/x448", "a/x449"}});
}

TEST_CASE("rows beyond the budget for expanding stay lists of terms, and answer the same") {
  // 512 callers, told apart by which of nine sets they are in, and a path for each five of the
  // sets: 126 rows of five terms, of 256 classes each, where there is room for some sixty.
  constexpr std::size_t kSets = 9, kCallers = 1 << kSets, kTogether = 5;
  std::string sources, matches, allows;
  std::vector<std::string> when(kSets);
  std::size_t paths = 0;
  for (std::size_t sets = 0; sets < kCallers; ++sets) {
    if (std::popcount(sets) != kTogether) continue;
    const std::string match = "m" + number(paths++);
    matches += " match " + match + " = path ~ \"/" + match + "$\"\n";
    for (std::size_t i = 0; i < kSets; ++i) {
      if (sets >> i & 1) when[i] += (when[i].empty() ? "" : " or ") + match;
    }
  }
  for (std::size_t i = 0; i < kSets; ++i) {
    std::string members;
    for (std::size_t caller = 0; caller < kCallers; ++caller) {
      if (caller >> i & 1) members += (members.empty() ? "a/x" : ", a/x") + number(caller);
    }
    sources += " source s" + number(i) + " = { " + members + " }\n";
    allows += " allow to a/b from s" + number(i) + " when " + when[i] + "\n";
  }
  const Asked asked("unit a/b:80 http enforce\n" + sources + matches + " route r0 -> a/b:80\n" +
                    allows);
  const decision::Graph graph = decision::build(asked.unit());
  const auto many = [&](std::uint32_t row) {
    return graph.access.rows[row].size() > decision::kFewTerms;
  };
  const std::vector<std::uint32_t> rows = decision::used_rows(graph);
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(rows, many));
  CHECK(kept > 50);
  CHECK(kept < paths - 50);
  asked.agree({.paths = {"/", "/m0", "/m1", "/m60", "/m63", "/m124", "/m125"},
               .sources = {"", "a/x0", "a/x1", "a/x31", "a/x256", "a/x480", "a/x511"}});
}

TEST_CASE("split follows the weights and never picks a backend without one") {
  const Asked asked(R"(unit a/b:80 http enforce
    match m0 = any
    route r0 when m0 -> split { a/a:80 = 0, a/b:80 = 3, a/c:80 = 0, a/d:80 = 1, a/e:80 = 0 }
    route r1 when m0 -> unavailable { a/a:80 = 0 }
    route r2 -> unavailable)");
  const std::uint8_t* tables = asked.decision().tables.data();
  std::array<int, 5> hits{};
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint32_t backend =
        contract::smic_kernel_split(tables, 0, (2 * i + 1) * (~0ull / 2000));
    REQUIRE(backend < 5);
    ++hits[backend];
  }
  CHECK(hits == std::array{0, 750, 0, 250, 0});
  CHECK(contract::smic_kernel_split(tables, 0, 0) == 1);
  CHECK(contract::smic_kernel_split(tables, 0, ~0ull) == 3);
  CHECK(contract::smic_kernel_split(tables, 1, 5) == contract::kNoBackend);
  CHECK(contract::smic_kernel_split(tables, 2, 5) == contract::kNoBackend);
  CHECK(contract::smic_kernel_split(tables, 3, 5) == contract::kNoBackend);
  CHECK(asked.decision().shape.route_backends == std::vector<std::uint32_t>{5, 1, 0});
}

TEST_CASE("the same unit gives the same bytes") {
  const char* text = R"(unit a/b:80 http enforce
    source s0 = { a/x, a/y }
    match m0 = path ~ "/a|/b" and header "x" ~ "1"
    match m1 = path ~ "/a"
    route r0 when m0 -> a/c:80
    route r1 -> a/b:80
    allow to a/b from s0 when m1)";
  CHECK(Asked(text).decision().tables == Asked(text).decision().tables);
}

// Small alphabets, so that patterns overlap and requests hit them.
std::string random_unit(std::mt19937_64& random) {
  const auto pick = [&](std::initializer_list<const char*> of) {
    return std::string(*(of.begin() + random() % of.size()));
  };
  std::string text = "unit a/b:80 http enforce\n";
  for (int i = 0; i < 3; ++i) {
    text += "source s" + number(i) + " = { " + pick({"a/x", "a/x, a/y", "a/z", "a/x, a/y, a/z"}) +
            " }\n";
  }
  const std::size_t matches = 1 + random() % 12;
  for (std::size_t i = 0; i < matches; ++i) {
    text += "match m" + number(i) + " = method in " +
            pick({"{ GET }", "{ GET, POST }", "{ other }", "{ GET, HEAD, POST, other }"});
    if (random() % 4 != 0) {
      text += " and path ~ \"" +
              pick({"/a", "/a/b$", "/[^/]+/b", "/.*b", "/a/[ab]+/c", "/(a|b)/c$", "",
                    "/a/b/c/d/a/b", "/a/[^/]+$", "/\\\\d+"}) +
              "\"";
    }
    for (std::size_t headers = random() % 3; headers != 0; --headers) {
      text += " and header \"" + pick({"h", "k"}) + "\" ~ \"" +
              pick({"a", "b", ".*a.*", "ab*", "(a|b)+", ""}) + "\"";
    }
    text += "\n";
  }
  const auto condition = [&] {
    std::string when = " when m" + number(random() % matches);
    while (random() % 2) when += " or m" + number(random() % matches);
    return when;
  };
  const std::size_t routes = random() % 4;
  for (std::size_t i = 0; i < routes; ++i) {
    text += "route r" + number(i) + condition() + " -> a/c:80\n";
  }
  text += "route r" + number(routes) + " -> a/b:80\n";
  for (std::size_t i = random() % 8; i != 0; --i) {
    text += "allow to " + pick({"d/a", "d/b", "d/b:1"}) + " from s" + number(random() % 3) +
            (random() % 5 ? condition() : "") + "\n";
  }
  return text;
}

TEST_CASE("random units are decided as they are evaluated") {
  const std::uint64_t seed = GENERATE(range(1, 301));
  std::mt19937_64 random(seed);
  const std::string text = random_unit(random);
  CAPTURE(seed, text);
  const Asked asked(text);
  asked.agree({.methods = {kOther, kGet, kPost},
               .paths = {"", "/", "/a", "/b", "/a/b", "/a/b/c", "/a/ab/c", "/b/c", "/b/cc",
                         "/a/b/c/d/a/b", "/x/b", "/a/x", "/a/\xc3\xa9", "/12", "/\xff"},
               .headers = {{},
                           {{"h", "a"}},
                           {{"h", "b"}, {"k", "abb"}},
                           {{"k", ""}, {"h", "ba"}},
                           {{"h", "c"}, {"h", "ab"}, {"k", "b"}}},
               .sources = {"", "a/x", "a/z"}});
}

}  // namespace
}  // namespace smic::test
