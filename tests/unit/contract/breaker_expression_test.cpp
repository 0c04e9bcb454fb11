// SPDX-License-Identifier: Apache-2.0
#include "contract/breaker_expression.h"

#include <catch2/catch.hpp>

#include "tests/support/random.h"

using namespace smic;
using namespace smic::contract;

namespace {

BreakerExpression parsed(std::string_view text) {
  auto expression = BreakerExpression::parse(text);
  INFO(text << ": " << (expression ? "" : expression.error().message));
  REQUIRE(expression);
  return *expression;
}

std::string canonical(std::string_view text) { return to_string(parsed(text)); }

// "MISTAKEN TEXT: message".
std::string mistake(std::string_view text) {
  const auto expression = BreakerExpression::parse(text);
  if (expression) return "none";
  const BreakerMistake& told = expression.error();
  REQUIRE(told.offset + told.length <= text.size());
  return std::string(text.substr(told.offset, told.length)) + ": " + told.message;
}

// `kinds` says of each test in turn whether it holds.
bool holds(std::string_view text, std::string_view kinds) {
  return parsed(text).evaluate([&](const Test&, std::size_t i) { return kinds.at(i) == '1'; });
}

std::string random_expression(test::Random& random, int depth) {
  if (depth == 0 || random.chance(40)) {
    const char* tests[] = {"NetworkErrorRatio() > 0.5", "ResponseCodeRatio(500,600,0,600)<=0.25",
                           "LatencyAtQuantileMS(50.0) != 100"};
    return random.pick(tests);
  }
  const std::string left = random_expression(random, depth - 1);
  const std::string right = random_expression(random, depth - 1);
  const std::string joined = left + (random.chance(50) ? " && " : "||") + right;
  return random.chance(50) ? "(" + joined + ")" : joined;
}

}  // namespace

TEST_CASE("every measure of Traefik's reads", "[breaker]") {
  const BreakerExpression errors = parsed("NetworkErrorRatio() > 0.5");
  REQUIRE(errors.steps().size() == 1);
  CHECK(std::get<Test>(errors.steps()[0]) ==
        Test{NetworkErrorRatio{}, Comparison::greater, 500'000});
  CHECK(std::get<Test>(parsed("LatencyAtQuantileMS(99.9) >= 100").steps()[0]) ==
        Test{LatencyAtQuantile{99'900'000}, Comparison::greater_equal, 100 * kMillion});
  CHECK(std::get<Test>(parsed("ResponseCodeRatio(500, 600, 0, 600) < 0.25").steps()[0]) ==
        Test{ResponseCodeRatio{{500, 600}, {0, 600}}, Comparison::less, 250'000});
}

TEST_CASE("`&&` binds tighter than `||`, and both go left to right", "[breaker]") {
  const std::string a = "NetworkErrorRatio() > 0.1", b = "NetworkErrorRatio() > 0.2",
                    c = "NetworkErrorRatio() > 0.3";
  CHECK(holds(a + "||" + b + "&&" + c, "100"));
  CHECK_FALSE(holds("(" + a + "||" + b + ")&&" + c, "100"));
  CHECK(holds(a + "&&" + b + "||" + c, "001"));
  CHECK_FALSE(holds(a + "&&(" + b + "||" + c + ")", "001"));
}

TEST_CASE("the canonical text has no needless parentheses, spaces and zeros", "[breaker]") {
  CHECK(canonical(" (( LatencyAtQuantileMS( 050.00 )>100.0 ) )\n") ==
        "LatencyAtQuantileMS(50) > 100");
  const std::string t = "NetworkErrorRatio() > 0.5";
  CHECK(canonical("(" + t + "&&" + t + ")||" + t) == t + " && " + t + " || " + t);
  CHECK(canonical("(" + t + "||" + t + ")&&" + t) == "(" + t + " || " + t + ") && " + t);
  CHECK(canonical(t + "||(" + t + "||" + t + ")") == t + " || (" + t + " || " + t + ")");
}

TEST_CASE("the canonical text reads back as what it was written from", "[breaker]") {
  test::Random random(20261123);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_expression(random, 3);
    const BreakerExpression expression = parsed(text);
    INFO(text << "\n" << to_string(expression));
    CHECK(parsed(to_string(expression)) == expression);
  }
}

TEST_CASE("a mistake is told where it is", "[breaker]") {
  CHECK(mistake("") == ": ends where a measure, like `NetworkErrorRatio()`, is expected");
  CHECK(mistake("NetworkErrorRatio") == ": ends where `(` is expected");
  CHECK(mistake("NetworkErrorRatio() > high") == "high: has `high` where a number is expected");
  CHECK(mistake("NetworkErrorRatio() 0.5") ==
        "0: has `0` where a comparison, like `>`, is expected");
  CHECK(mistake("NetworkErrorRatio() > 0.5 and x") ==
        "and: has `and` where `&&`, `||` or the end is expected");
  CHECK(mistake("NetworkErorRatio() > 0.5") ==
        "NetworkErorRatio: has `NetworkErorRatio`, which is no measure");
  CHECK(BreakerExpression::parse("NetworkErorRatio()").error().help ==
        "did you mean `NetworkErrorRatio`?");
  CHECK(mistake("(NetworkErrorRatio() > 0.5") == "(: has a `(` that is not closed");
  CHECK(mistake("NetworkErrorRatio() > 0.5)") == "): has a `)` that closes nothing");
  CHECK(mistake("LatencyAtQuantileMS(101) > 5").starts_with("101: has a quantile"));
  CHECK(mistake("ResponseCodeRatio(0.5, 600, 0, 600) > 1").starts_with("0.5: has a response code"));
  CHECK(mistake("NetworkErrorRatio() > 0.1234567").starts_with("0.1234567: has a number"));
  CHECK(mistake("NetworkErrorRatio() > 99999999999999999999").starts_with("99999"));
  CHECK(mistake("NetworkErrorRatio() > 1.") == ": ends where a digit is expected");
}

TEST_CASE("the limits of an expression hold", "[breaker]") {
  const std::string test = "NetworkErrorRatio()>1";
  std::string many = test;
  for (std::size_t i = 1; i < kMaxBreakerTests; ++i) many += "&&" + test;
  CHECK(parsed(many).steps().size() == 2 * kMaxBreakerTests - 1);
  CHECK(mistake(many + "&&" + test) == test + ": has more than 16 comparisons");
  const std::size_t room = (kMaxBreakerBytes - test.size()) / 2;
  const std::string nested = std::string(room, '(') + test + std::string(room, ')');
  CHECK(canonical(nested) == "NetworkErrorRatio() > 1");
  CHECK(mistake("((" + nested + "))").ends_with(": is longer than 1024 bytes"));
}
