// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/passes/expect_pass.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/read_units.h"

namespace smic::test {
namespace {

// Routes must be read before the last one, allows after it or before: order matters to routes only.
ir::Unit unit_of(std::string_view access, std::string_view statements) {
  return read_unit("unit x/svc:80 http " + std::string(access) + "\n" + std::string(statements) +
                   "\nroute last -> x/svc:80\n");
}

}  // namespace

ir::Unit unit_with(std::string_view statements) { return unit_of("enforce", statements); }

ir::Unit permissive_unit_with(std::string_view statements) {
  return unit_of("permissive", statements);
}

ir::Unit run_pass(std::string_view name, ir::Unit unit) {
  const auto pass = std::ranges::find(passes::all(), name, &passes::Pass::name);
  REQUIRE(pass != passes::all().end());
  ir::Unit result = pass->run(std::move(unit));
  const auto verified = ir::verify(result);
  INFO((verified ? "" : verified.error().message) << "\n" << ir::print(result));
  REQUIRE(verified);
  return result;
}

void expect_pass(std::string_view pass, std::string_view declarations, std::string_view before,
                 std::string_view after) {
  const auto with_declarations = [&](std::string_view statements) {
    return unit_with(std::string(declarations) + "\n" + std::string(statements));
  };
  CHECK(print_without_origins(run_pass(pass, with_declarations(before))) ==
        print_without_origins(with_declarations(after)));
}

}  // namespace smic::test
