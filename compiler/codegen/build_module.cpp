// SPDX-License-Identifier: Apache-2.0
// LLVM IR for the shape of a unit: what depends on few numbers becomes code with those numbers in
// it, what depends on many patterns is a call of the kernel with the unit's tables. For the split
// 90 : 10 of a route,
//
//   %x = (entropy × 100) >> 64
//   %i = zext (%x ≥ 90)              one comparison per backend but the last, no branch
//
// and for a unit without patterns the whole match: its verdict as constants, but for one look-up
// per access rule of which sources it means.
//
// Why not inline and specialise the kernel itself for every unit? Tried: 40 to 65 ms per unit, in
// instruction selection nearly all, for a kernel that is 700 instructions when everything constant
// is folded. As machine code made when smic is built it costs nothing per unit, and the numbers it
// then reads from the tables' header stay in the first cache line.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/codegen/machine.h"
#include "compiler/codegen/pipeline.h"

namespace smic::codegen {
namespace {

class Emitter {
 public:
  Emitter(llvm::Module& module, const Target& target)
      : module_(module), target_(target), build_(module.getContext()) {
    tables_ =
        new llvm::GlobalVariable(module, build_.getInt8Ty(), /*isConstant=*/true,
                                 llvm::GlobalValue::ExternalLinkage, nullptr, "smic_v1_tables");
    tables_->setVisibility(llvm::GlobalValue::HiddenVisibility);  // reached without a GOT
    tables_->setDSOLocal(true);
    tables_->setAlignment(llvm::Align(64));
  }

  void emit_match(const std::optional<MatchCode>& code) {
    start("smic_v1_match", build_.getVoidTy(), {build_.getPtrTy(), build_.getPtrTy()});
    if (code) {
      match_by_method(*code);
    } else {
      call_kernel("smic_kernel_match");
    }
  }

  void emit_split(const std::optional<SplitCode>& code) {
    start("smic_v1_split", build_.getInt32Ty(), {build_.getInt32Ty(), build_.getInt64Ty()});
    if (code) {
      split_by_route(*code);
    } else {
      call_kernel("smic_kernel_split");
    }
  }

 private:
  // ---- functions and blocks --------------------------------------------------------------------

  void start(const char* name, llvm::Type* result, std::initializer_list<llvm::Type*> parameters) {
    auto* type = llvm::FunctionType::get(result, parameters, /*isVarArg=*/false);
    function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module_);
    function_->setDoesNotThrow();
    function_->addFnAttr("no-builtins");  // nothing may become a call of memset
    function_->addFnAttr("no-jump-tables", "true");
    function_->addFnAttr("target-cpu", target_.cpu);
    build_.SetInsertPoint(block());
  }
  llvm::BasicBlock* block() {
    return llvm::BasicBlock::Create(module_.getContext(), "", function_);
  }

  // return kernel(tables, the function's own arguments…)
  void call_kernel(const char* name) {
    std::vector<llvm::Type*> types{build_.getPtrTy()};
    std::vector<llvm::Value*> values{tables_};
    for (llvm::Argument& argument : function_->args()) {
      types.push_back(argument.getType());
      values.push_back(&argument);
    }
    auto* type = llvm::FunctionType::get(function_->getReturnType(), types, /*isVarArg=*/false);
    auto* kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module_);
    kernel->setVisibility(llvm::GlobalValue::HiddenVisibility);
    kernel->setDSOLocal(true);
    kernel->setDoesNotThrow();
    llvm::CallInst* call = build_.CreateCall(kernel, values);
    call->setTailCall();
    if (function_->getReturnType()->isVoidTy()) {
      build_.CreateRetVoid();
    } else {
      build_.CreateRet(call);
    }
  }

  llvm::Value* field(llvm::Value* base, std::uint64_t offset) {
    return build_.CreateConstInBoundsGEP1_64(build_.getInt8Ty(), base, offset);
  }

  // A number of the request that is replaced by 0 where it is out of range, as in the kernel.
  llvm::Value* number_below(std::uint64_t offset, std::uint32_t limit) {
    llvm::Value* number =
        build_.CreateLoad(build_.getInt32Ty(), field(function_->getArg(0), offset));
    llvm::Value* valid = build_.CreateICmpULT(number, build_.getInt32(limit));
    return build_.CreateSelect(valid, number, build_.getInt32(0));
  }

  // ---- match -----------------------------------------------------------------------------------

  void match_by_method(const MatchCode& code) {
    if (code.outcomes.size() == 1) return outcome(code, code.outcomes.front());
    llvm::Value* method =
        number_below(offsetof(contract::RequestView, method), contract::kMethodCount);
    std::vector<llvm::BasicBlock*> blocks;
    for (std::size_t i = 0; i < code.outcomes.size(); ++i) blocks.push_back(block());
    auto* choose = build_.CreateSwitch(method, blocks[code.of_method[0]]);
    for (std::uint32_t m = 1; m < contract::kMethodCount; ++m) {
      if (code.of_method[m] == code.of_method[0]) continue;
      choose->addCase(build_.getInt32(m), blocks[code.of_method[m]]);
    }
    for (std::size_t i = 0; i < code.outcomes.size(); ++i) {
      build_.SetInsertPoint(blocks[i]);
      outcome(code, code.outcomes[i]);
    }
  }

  void outcome(const MatchCode& code, const OutcomeCode& outcome) {
    std::array<llvm::Value*, contract::kDestinationWords> allowed;
    allowed.fill(build_.getInt64(0));
    llvm::Value* source = nullptr;
    for (const TermCode& term : outcome.terms) {
      if (term.key && !source) {
        source = number_below(offsetof(contract::RequestView, source_class), code.source_classes);
      }
      llvm::Value* cell = term.key ? cell_masks(code, *term.key, source) : nullptr;
      for (std::uint32_t word = 0; word < code.words; ++word) {
        llvm::Value* mask = build_.getInt64(term.mask[word]);
        if (cell) mask = build_.CreateAnd(mask, load_word(cell, word));
        allowed[word] = build_.CreateOr(allowed[word], mask);
      }
    }
    llvm::Value* verdict = function_->getArg(1);
    build_.CreateStore(build_.getInt32(outcome.route), verdict);
    build_.CreateStore(build_.getInt32(0), field(verdict, offsetof(contract::Verdict, reserved)));
    for (std::uint32_t word = 0; word < contract::kDestinationWords; ++word) {
      build_.CreateStore(allowed[word],
                         field(verdict, offsetof(contract::Verdict, allowed) + 8 * word));
    }
    build_.CreateRetVoid();
  }

  // Address of the mask that cell (key, source) names.
  llvm::Value* cell_masks(const MatchCode& code, std::uint32_t key, llvm::Value* source) {
    llvm::Value* row =
        field(tables_, code.cell_table + 4 * std::uint64_t{key} * code.source_classes);
    llvm::Value* cell =
        build_.CreateGEP(build_.getInt32Ty(), row, build_.CreateZExt(source, build_.getInt64Ty()));
    llvm::Value* index = build_.CreateAlignedLoad(build_.getInt32Ty(), cell, llvm::Align(4));
    llvm::Value* offset = build_.CreateMul(build_.CreateZExt(index, build_.getInt64Ty()),
                                           build_.getInt64(8 * std::uint64_t{code.words}));
    return build_.CreateGEP(build_.getInt8Ty(), field(tables_, code.mask_table), offset);
  }
  llvm::Value* load_word(llvm::Value* masks, std::uint32_t word) {
    return build_.CreateAlignedLoad(build_.getInt64Ty(), field(masks, 8 * std::uint64_t{word}),
                                    llvm::Align(4));
  }

  // ---- split -----------------------------------------------------------------------------------

  void split_by_route(const SplitCode& code) {
    llvm::BasicBlock* none = block();
    auto* choose = build_.CreateSwitch(function_->getArg(0), none);
    build_.SetInsertPoint(none);
    build_.CreateRet(build_.getInt32(contract::kNoBackend));
    for (std::size_t route = 0; route < code.size(); ++route) {
      if (code[route].empty() || code[route].back() == 0) continue;  // all weights are zero
      llvm::BasicBlock* here = block();
      choose->addCase(build_.getInt32(static_cast<std::uint32_t>(route)), here);
      build_.SetInsertPoint(here);
      build_.CreateRet(backend_of(code[route]));
    }
  }

  // How many running sums lie at or below x is the index of the first one above it.
  llvm::Value* backend_of(const std::vector<std::uint64_t>& cumulative) {
    llvm::Type* wide = build_.getInt128Ty();
    llvm::Value* product = build_.CreateMul(build_.CreateZExt(function_->getArg(1), wide),
                                            llvm::ConstantInt::get(wide, cumulative.back()));
    llvm::Value* x = build_.CreateTrunc(build_.CreateLShr(product, 64), build_.getInt64Ty());
    llvm::Value* index = build_.getInt32(0);
    for (std::size_t i = 0; i + 1 < cumulative.size(); ++i) {
      llvm::Value* beyond = build_.CreateICmpUGE(x, build_.getInt64(cumulative[i]));
      index = build_.CreateAdd(index, build_.CreateZExt(beyond, build_.getInt32Ty()));
    }
    return index;
  }

  llvm::Module& module_;
  const Target& target_;
  llvm::IRBuilder<> build_;
  llvm::GlobalVariable* tables_ = nullptr;
  llvm::Function* function_ = nullptr;
};

}  // namespace

std::unique_ptr<llvm::Module> build_module(const CodeShape& shape, const Target& target,
                                           llvm::LLVMContext& context) {
  auto module = std::make_unique<llvm::Module>("smic", context);
  module->setTargetTriple(target.triple);
  module->setDataLayout(machine_for(target).createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  Emitter emitter(*module, target);
  emitter.emit_match(shape.match);
  emitter.emit_split(shape.split);
  return module;
}

std::string print_module(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

}  // namespace smic::codegen
