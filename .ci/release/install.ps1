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

# No more than this many bytes, however many come; a server that sends next to nothing isn't waited for.
function Get-Bytes([string]$Name, [long]$Most) {
  $bytes = New-Object System.IO.MemoryStream
  $until = [DateTime]::UtcNow.AddSeconds(60 + $Most / 17000)
  try {
    $client = New-Object System.Net.WebClient
    $client.Proxy.Credentials = [System.Net.CredentialCache]::DefaultNetworkCredentials
    $stream = $client.OpenRead("$From/$Name")
    if ($stream.CanTimeout) { $stream.ReadTimeout = 30000 }
    $buffer = New-Object byte[] 81920
    while (($count = $stream.Read($buffer, 0, $buffer.Length)) -gt 0) {
      $bytes.Write($buffer, 0, $count)
      if ($bytes.Length -gt $Most) { throw "it has more than $Most bytes" }
      if ([DateTime]::UtcNow -gt $until) { throw "it comes too slowly" }
    }
  } catch {
    $why = $_.Exception.GetBaseException().Message
    if ($Version -and $why -match '\(404\)') { Stop-With "There is no auth $Version at ${Url}: $Name is missing." "Nothing was installed." }
    Stop-With "$From/$Name could not be downloaded: $why" "Nothing was installed."
  }
  return , $bytes.ToArray()
}

# Semantic Versioning 2.0, section 11: -1, 0 or 1.
function Compare-Version([string]$One, [string]$Other) {
  $a, $before = $One -split '-', 2
  $b, $otherBefore = $Other -split '-', 2
  $order = ([version]$a).CompareTo([version]$b)
  if ($order -ne 0) { return $order }
  if (-not $before -or -not $otherBefore) { return [int](-not $before) - [int](-not $otherBefore) }
  $a = $before -split '\.'
  $b = $otherBefore -split '\.'
  for ($i = 0; $i -lt [Math]::Min($a.Length, $b.Length); $i++) {
    $left = $a[$i] -match '^[0-9]+$'
    $right = $b[$i] -match '^[0-9]+$'
    if ($left -and $right) { $order = ([decimal]$a[$i]).CompareTo([decimal]$b[$i]) }
    elseif ($left -or $right) { $order = [int]$right - [int]$left }
    else { $order = [Math]::Sign([string]::CompareOrdinal($a[$i], $b[$i])) }
    if ($order -ne 0) { return $order }
  }
  return $a.Length.CompareTo($b.Length)
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

# By its bytes, so that nothing is run. A variable that the program reads: other programs don't name it.
function Test-Ours([string]$Path) {
  return [bool](Select-String -LiteralPath $Path -SimpleMatch -CaseSensitive -Quiet 'AUTH_KEY_COMMAND')
}

# Nobody else's program is overwritten or removed.
function Assert-OursOrNothing([string]$Path) {
  if (-not (Test-Path -LiteralPath $Path)) { return }
  if ((Get-Item -LiteralPath $Path).LinkType -eq "SymbolicLink") {
    Stop-With "$Path is a link, made by another installer or by you." "Remove it with what made it, or name another folder: -Dir <folder>"
  }
  if ((Test-Path -LiteralPath $Path -PathType Container) -or -not (Test-Ours $Path)) {
    Stop-With "$Path is there, and is another program, or a damaged one." "If you don't need it, remove it. Or name another folder: -Dir <folder>"
  }
}

# A scanner may hold a new file for a moment.
function Move-Held([string]$From, [string]$To) {
  for ($try = 1; ; $try++) {
    try { Move-Item -LiteralPath $From $To; return } catch { if ($try -ge 20) { throw } }
    Start-Sleep -Milliseconds 100
  }
}

function New-DraftName { return Join-Path $Dir (".auth-" + [guid]::NewGuid().ToString("N").Substring(0, 12) + ".exe") }

# A running program can't be overwritten, but it can be renamed. What fails puts everything back.
function Install-Program([string]$Fresh, [string]$Place, [string]$Previous) {
  if (-not (Test-Path -LiteralPath $Place)) { Move-Held $Fresh $Place; return }
  $aside = New-DraftName
  $had = Test-Path -LiteralPath $Previous
  if ($had) { Move-Held $Previous $aside }
  try {
    Move-Held $Place $Previous
    try { Move-Held $Fresh $Place } catch { Move-Held $Previous $Place; throw }
  } catch {
    if ($had) { Move-Held $aside $Previous }
    throw
  }
  # One that still runs can't be removed yet: the next upgrade or -Uninstall does.
  if ($had) { Remove-Item -Force -LiteralPath $aside -ErrorAction SilentlyContinue }
}

function Install-Auth {
  if (-not $Keys) { Stop-With "This script holds no key to check the release by." }
  if ($From -notmatch '^(https://|http://(127\.0\.0\.1|localhost)[:/])') { Stop-With "The address of the releases is not https: $From" }
  try { $null = New-Object System.Security.Cryptography.ECParameters } catch {
    Stop-With "The signature can't be checked: this .NET Framework is older than 4.7." "Install a newer one, or PowerShell 7. Nothing was installed."
  }
  $place = Join-Path $Dir "auth.exe"
  Assert-OursOrNothing $place
  $platform = Get-Platform
  $bytes = Get-Bytes "manifest.json" 1000000
  if ($bytes.Length -eq 0 -or $bytes[0] -ne [byte][char]'{') {
    Stop-With "What came from $From/manifest.json is no release: perhaps a page of this network, which wants a login." "Nothing was installed."
  }
  if (-not (Test-Signature $bytes (Get-Bytes "manifest.json.sig" 10000))) {
    Stop-With "The release is not signed by its publisher: the signature of manifest.json is wrong." "Nothing was installed. Report this to the publisher of auth."
  }
  $manifest = [Text.Encoding]::UTF8.GetString($bytes) | ConvertFrom-Json
  $offered = $manifest.version
  if ($manifest.product -cne "auth") { Stop-With "This is not a release of auth." }
  if ($Version) {
    if ($offered -cne $Version) { Stop-With "This is auth $offered, not $Version." }
  } elseif ((Compare-Version $offered $VersionOfScript) -lt 0) {
    Stop-With "What is offered as the newest release ($offered) is older than this script ($VersionOfScript)."
  }
  $now = [DateTime]::UtcNow
  if ($now -lt (ConvertTo-Time $manifest.published)) { Stop-With "This machine's clock is before the release was published." "Set the clock." }
  if (-not $Version -and $now -gt (ConvertTo-Time $manifest.expires)) {
    Stop-With "What is offered as the newest release was to be trusted until $($manifest.expires)." "Check this machine's clock. If it is right, look for where auth is published now."
  }
  $file = $manifest.files | Where-Object { $_.platform -ceq $platform }
  if (-not $file) { Stop-With "This release has no auth for $platform." }

  $there = ""
  if (Test-Path -LiteralPath $place) {
    if (Test-Sum ([IO.File]::ReadAllBytes($place)) $file.binary) { Write-Output "auth $offered is there already: $place"; return }
    try { if ((& $place --version) -match '^auth ([0-9][0-9A-Za-z.-]*)$') { $there = $Matches[1] } } catch { $there = "" }
    if ($there -and -not $Version -and (Compare-Version $offered $there) -lt 0) {
      Stop-With "$place is auth $there, which is newer than what is offered as the newest release ($offered)." "Nothing was installed. To take the older one all the same: -Version $offered"
    }
  }

  Write-Output "Getting auth $offered for $platform ..."
  $archive = Get-Bytes "auth-$offered-$platform.zip" $file.size
  if (-not (Test-Sum $archive $file)) { Stop-With "The archive is not the file that was signed, or only a part of it." "Nothing was installed." }
  # One entry is read, in memory: no other can land anywhere.
  Add-Type -AssemblyName System.IO.Compression
  $zip = New-Object System.IO.Compression.ZipArchive((New-Object System.IO.MemoryStream(, $archive)))
  $entry = $zip.GetEntry("auth-$offered-$platform/auth.exe")
  if (-not $entry -or $entry.Length -ne $file.binary.size) { Stop-With "The archive doesn't hold the program that was signed." }
  $program = New-Object System.IO.MemoryStream
  $stream = $entry.Open()
  $stream.CopyTo($program)
  $stream.Dispose()
  if (-not (Test-Sum $program.ToArray() $file.binary)) { Stop-With "The archive doesn't hold the program that was signed." }

  $fresh = New-DraftName
  try {
    New-Item -ItemType Directory -Force $Dir | Out-Null
    [IO.File]::WriteAllBytes($fresh, $program.ToArray())
    try { $said = & $fresh --version } catch { $said = $_.Exception.Message }
    if ($said -cne "auth $offered") { Stop-With "auth doesn't run on this machine: $said" "Nothing was installed." }
    Install-Program $fresh $place (Join-Path $Dir "auth.previous.exe")
  } catch {
    Stop-With "$place can't be written: $($_.Exception.Message)" "Nothing was changed. If it is in use, end what uses it, and try again."
  } finally {
    if (Test-Path -LiteralPath $fresh) { Remove-Item -Force -LiteralPath $fresh -ErrorAction SilentlyContinue }
  }
  Write-Output "Installed auth ${offered}: $place"
  if ($there) { Write-Output "In the place of auth $there. To go back: auth upgrade --rollback" }
  Write-PathAdvice $place
}

function Write-PathAdvice([string]$Place) {
  $first = (Get-Command auth -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1).Path
  if (($env:Path -split ';' | ForEach-Object { $_.TrimEnd('\') }) -notcontains $Dir.TrimEnd('\')) {
    # PowerShell takes typographic quotes for its own as well.
    $folder = $Dir -replace "['\u2018-\u201b]", '$0$0'
    Write-Output "$Dir is not on your PATH yet. For this shell, then for new ones (the other variables in it stay as they are):"
    Write-Output "  `$env:Path += ';$folder'"
    Write-Output "  `$key = [Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment', `$true)"
    Write-Output "  `$key.SetValue('Path', (`$key.GetValue('Path', '', 'DoNotExpandEnvironmentNames') + ';$folder').TrimStart(';'), 'ExpandString')"
    # Tells the programs that run that the environment changed.
    Write-Output "  [Environment]::SetEnvironmentVariable('auth-installed', '1', 'User'); [Environment]::SetEnvironmentVariable('auth-installed', [NullString]::Value, 'User')"
  } elseif (-not $first -or $first -eq $Place) {
    Write-Output "Begin with: auth login"
  }
  if ($first -and $first -ne $Place) { Write-Output "Another auth comes first on your PATH: $first" }
}

function Uninstall-Auth {
  $place = Join-Path $Dir "auth.exe"
  $previous = Join-Path $Dir "auth.previous.exe"
  Assert-OursOrNothing $place
  Assert-OursOrNothing $previous
  if (-not (Test-Path -LiteralPath $place) -and -not (Test-Path -LiteralPath $previous)) {
    Stop-With "There is no $place." "Elsewhere? Say where: -Uninstall -Dir <folder>"
  }
  # With what an upgrade or installation left that was killed, or that was still running.
  $drafts = Get-ChildItem -Force -LiteralPath $Dir | Where-Object { $_.Name -match '^\.auth-([0-9a-f]{12}\.exe|upgrade\.lock)$' } | ForEach-Object { $_.FullName }
  foreach ($path in @($place, $previous) + @($drafts)) {
    if (-not $path -or -not (Test-Path -LiteralPath $path)) { continue }
    try { Remove-Item -Force -LiteralPath $path } catch {
      Stop-With "$path can't be removed: $($_.Exception.Message)" "If it is running, end it, and run this again."
    }
  }
  Write-Output "Removed $place. Your logins stay where they were, sealed."
  Write-Output "To end them too, install it again, then: auth logout --all --yes"
}

if ($Help) {
  Write-Output "install.ps1 [-Dir <folder>] [-Version <x.y.z>] [-Uninstall]"
  Write-Output "-Uninstall leaves your logins where they are. To end them, first run: auth logout --all --yes"
  exit 0
}
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
$Version = $Version -replace '^v', ''
if ($Version -and $Version -notmatch '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$') { Stop-With "A version is written as 1.2.3." }
# .NET's current folder is another than PowerShell's.
$Dir = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Dir)
$From = if ($Version) { "$Url/$Version" } else { $Url }
if ($Uninstall) { Uninstall-Auth } else { Install-Auth }
