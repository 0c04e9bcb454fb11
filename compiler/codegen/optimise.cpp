// SPDX-License-Identifier: Apache-2.0
// A short pass list of our own. build_module writes what it means with constants in place, so there
// is nothing to inline and nothing to propagate; equal loads and empty blocks are what is left. The
// stock pipelines would do that too, and a hundred other things, for thirty times the cost.
// The code of path programs does without even these (codegen.cpp): they cost as much as emitting
// it.
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassInstrumentation.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "compiler/codegen/machine.h"
#include "compiler/codegen/pipeline.h"

namespace smic::codegen {

void optimise(llvm::Module& module, const Target& target) {
  // What these passes ask for; PassBuilder would register two hundred more and link them all in.
  llvm::FunctionAnalysisManager analyses;
  analyses.registerPass([] { return llvm::PassInstrumentationAnalysis(); });
  analyses.registerPass([&] { return machine_for(target).getTargetIRAnalysis(); });
  analyses.registerPass([] { return llvm::TargetLibraryAnalysis(); });
  analyses.registerPass([] { return llvm::AssumptionAnalysis(); });
  analyses.registerPass([] { return llvm::DominatorTreeAnalysis(); });

  llvm::FunctionPassManager passes;
  passes.addPass(llvm::EarlyCSEPass());
  passes.addPass(llvm::SimplifyCFGPass());
  for (llvm::Function& function : module) {
    if (!function.isDeclaration()) passes.run(function, analyses);
  }
}

}  // namespace smic::codegen
