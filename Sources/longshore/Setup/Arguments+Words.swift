public import ArgumentParser
public import ImageModel
public import Logging

// Words of the contract that are arguments of commands: the parser lists them in --help and in its errors.

extension DigestAlgorithm: ArgumentParser.ExpressibleByArgument {}
extension ImageFormat: ArgumentParser.ExpressibleByArgument {}
extension ImageStatus: ArgumentParser.ExpressibleByArgument {}
extension ImageVisibility: ArgumentParser.ExpressibleByArgument {}
extension StoresRequirement: ArgumentParser.ExpressibleByArgument {}
extension JobKind: ArgumentParser.ExpressibleByArgument {}
extension JobState: ArgumentParser.ExpressibleByArgument {}
extension Logger.Level: ArgumentParser.ExpressibleByArgument {}
extension ShareAction: ArgumentParser.ExpressibleByArgument {}
