# Installs auth for the user who runs this, without administrator rights: downloads the release for this machine, checks
# the publisher's signature and every sum before anything is unpacked or run, and puts one file in its place.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 [-Dir <folder>] [-Version <x.y.z>] [-Uninstall]
#
# Windows PowerShell 5.1 or PowerShell 7. The system's proxy is used.
param([string]$Dir = "$env:LOCALAPPDATA\Programs\auth", [string]$Version = "", [switch]$Uninstall, [switch]$Help)
$ErrorActionPreference = "Stop"
$ProgressPreference = "SilentlyContinue"

# The release fills these in.
$Url = '@URL@'
$VersionOfScript = '@VERSION@'
$Keys = '@KEYS@' -split '-----END PUBLIC KEY-----' | Where-Object { $_.Trim() }

function Stop-With([string]$What, [string]$Then) {
  [Console]::Error.WriteLine("Error: $What")
  if ($Then) { [Console]::Error.WriteLine($Then) }
  exit 1
}

function Get-Bytes([string]$Name) {
  try {
    $client = New-Object System.Net.WebClient
    $client.Proxy.Credentials = [System.Net.CredentialCache]::DefaultNetworkCredentials
    return , $client.DownloadData("$From/$Name")
  } catch {
    Stop-With "$From/$Name could not be downloaded: $($_.Exception.GetBaseException().Message)" "Nothing was installed."
  }
}

# DER (SEQUENCE of two INTEGERs) to the 64 bytes that .NET wants (IEEE P1363).
function ConvertTo-P1363([byte[]]$Der) {
  $out = New-Object byte[] 64
  $at = 2
  foreach ($end in 32, 64) {
    $length = [int]$Der[$at + 1]
    $start = $at + 2
    $at = $start + $length
    while ($length -gt 32) { $start++; $length-- }
    [Array]::Copy($Der, $start, $out, $end - $length, $length)
  }
  return , $out
}

function Test-Signature([byte[]]$Bytes, [byte[]]$Signature) {
  foreach ($key in $Keys) {
    try {
      $der = [Convert]::FromBase64String(($key -replace '-----[A-Z ]+-----|\s', ''))
      $parameters = New-Object System.Security.Cryptography.ECParameters
      $parameters.Curve = [System.Security.Cryptography.ECCurve]::CreateFromFriendlyName("nistP256")
      $point = New-Object System.Security.Cryptography.ECPoint
      # The end of a P-256 key (SPKI, DER) is its point: X, then Y.
      $point.X = [byte[]]$der[($der.Length - 64)..($der.Length - 33)]
      $point.Y = [byte[]]$der[($der.Length - 32)..($der.Length - 1)]
      $parameters.Q = $point
      $ecdsa = [System.Security.Cryptography.ECDsa]::Create($parameters)
      $sha256 = [System.Security.Cryptography.HashAlgorithmName]::SHA256
      if ($ecdsa.VerifyData($Bytes, (ConvertTo-P1363 $Signature), $sha256)) { return $true }
    } catch {
      # What can't be read as a key or a signature is no signature.
    }
  }
  return $false
}

function Test-Sum([byte[]]$Bytes, $Wanted) {
  $hash = [System.Security.Cryptography.SHA256]::Create().ComputeHash($Bytes)
  $hex = ([BitConverter]::ToString($hash) -replace '-', '').ToLowerInvariant()
  return ($Bytes.Length -eq $Wanted.size) -and ($hex -ceq $Wanted.sha256)
}

function Get-Platform {
  $machine = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
  switch ($machine) {
    "AMD64" { return "windows-x64" }
    "ARM64" { return "windows-arm64" }
    default { Stop-With "There is no auth for this processor ($machine)." "It is made for x64 and arm64." }
  }
}

function ConvertTo-Time($Value) {
  # PowerShell 7 makes dates of such texts by itself.
  if ($Value -is [datetime]) { return $Value.ToUniversalTime() }
  return [DateTimeOffset]::Parse($Value, [Globalization.CultureInfo]::InvariantCulture).UtcDateTime
}

function Install-Auth {
  if (-not $Keys) { Stop-With "This script holds no key to check the release by." }
  if ($From -notmatch '^https://') { Stop-With "The address of the releases is not https: $From" }
  $platform = Get-Platform
  $bytes = Get-Bytes "manifest.json"
  if (-not (Test-Signature $bytes (Get-Bytes "manifest.json.sig"))) {
    Stop-With "The release is not signed by its publisher: the signature of manifest.json is wrong." "Nothing was installed."
  }
  $manifest = [Text.Encoding]::UTF8.GetString($bytes) | ConvertFrom-Json
  if ($manifest.product -cne "auth") { Stop-With "This is not a release of auth." }
  if ($Version) {
    if ($manifest.version -cne $Version) { Stop-With "This is auth $($manifest.version), not $Version." }
  } elseif ([version]($manifest.version -replace '-.*') -lt [version]($VersionOfScript -replace '-.*')) {
    Stop-With "What is offered as the newest release ($($manifest.version)) is older than this script ($VersionOfScript)."
  }
  $now = [DateTime]::UtcNow
  if ($now -lt (ConvertTo-Time $manifest.published)) { Stop-With "This machine's clock is before the release was published." "Set the clock." }
  if (-not $Version -and $now -gt (ConvertTo-Time $manifest.expires)) {
    Stop-With "What is offered as the newest release was to be trusted until $($manifest.expires)." "Check this machine's clock."
  }
  $file = $manifest.files | Where-Object { $_.platform -ceq $platform }
  if (-not $file) { Stop-With "This release has no auth for $platform." }

  Write-Output "Getting auth $($manifest.version) for $platform ..."
  $archive = Get-Bytes "auth-$($manifest.version)-$platform.zip"
  if (-not (Test-Sum $archive $file)) { Stop-With "The archive is not the file that was signed, or only a part of it." "Nothing was installed." }
  # One entry is read, in memory: no other can land anywhere.
  Add-Type -AssemblyName System.IO.Compression
  $zip = New-Object System.IO.Compression.ZipArchive((New-Object System.IO.MemoryStream(, $archive)))
  $entry = $zip.GetEntry("auth-$($manifest.version)-$platform/auth.exe")
  if (-not $entry -or $entry.Length -ne $file.binary.size) { Stop-With "The archive doesn't hold the program that was signed." }
  $program = New-Object System.IO.MemoryStream
  $stream = $entry.Open()
  $stream.CopyTo($program)
  $stream.Dispose()
  if (-not (Test-Sum $program.ToArray() $file.binary)) { Stop-With "The archive doesn't hold the program that was signed." }

  New-Item -ItemType Directory -Force $Dir | Out-Null
  $fresh = Join-Path $Dir ".auth-install-$PID.exe"
  try {
    [IO.File]::WriteAllBytes($fresh, $program.ToArray())
    $said = & $fresh --version
    if ($said -cne "auth $($manifest.version)") { Stop-With "auth doesn't run on this machine: $said" "Nothing was installed." }
    # A running program can't be overwritten, but it can be renamed.
    $place = Join-Path $Dir "auth.exe"
    $previous = Join-Path $Dir "auth.previous.exe"
    if (Test-Path $place) {
      if (Test-Path $previous) { Remove-Item -Force $previous }
      Move-Item $place $previous
    }
    Move-Item $fresh $place
  } finally {
    if (Test-Path $fresh) { Remove-Item -Force $fresh }
  }
  Write-Output "Installed auth $($manifest.version): $place"
  if (($env:Path -split ';') -notcontains $Dir) {
    Write-Output "$Dir is not on your PATH yet. To add it, for new terminals:"
    Write-Output "  [Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';$Dir', 'User')"
  }
}

function Uninstall-Auth {
  $place = Join-Path $Dir "auth.exe"
  if (-not (Test-Path $place)) { Stop-With "There is no $place." "Elsewhere? Say where: -Uninstall -Dir <folder>" }
  Remove-Item -Force $place
  $previous = Join-Path $Dir "auth.previous.exe"
  if (Test-Path $previous) { Remove-Item -Force $previous }
  Write-Output "Removed $place. Your logins stay where they were, sealed."
  Write-Output "To remove them too, before this: auth logout --all --yes, then the folders that 'auth help paths' prints."
}

if ($Help) {
  Write-Output "install.ps1 [-Dir <folder>] [-Version <x.y.z>] [-Uninstall]"
  exit 0
}
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
$Version = $Version -replace '^v', ''
if ($Version -and $Version -notmatch '^[0-9A-Za-z.-]+$') { Stop-With "A version is written as 1.2.3." }
$From = if ($Version) { "$Url/$Version" } else { $Url }
if ($Uninstall) { Uninstall-Auth } else { Install-Auth }
